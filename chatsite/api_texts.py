"""What the API's own page says before the first endpoint, and of each group of them."""

DESCRIPTION = """
Everything the widget, the console and the playground do goes through this API.

**Sign in.** `POST /auth/login` answers with an access token: send it as
`Authorization: Bearer …`. Programs may send `Authorization: Api-Key …` instead; keys are made in
the administration. To try an endpoint here, press **Authorize** and paste a token.

**Conventions.** JSON in UTF-8, `snake_case`, times in UTC. Lists come in pages:
`{"results": […], "next": "…"}`, and `next` is the `cursor` of the following page. A refusal is
`application/problem+json` with a stable `code`; what you may not see is a 404. Messages and
conversations take an id of yours (`client_msg_id`, `client_conversation_id`), so that you can
repeat a request until it is answered, and nothing is there twice.

**Live.** Messages also come over a WebSocket at `/api/v1/ws`, and answers of models as
server-sent events: see *socket* and *streams*.
"""

TAGS = [
    {"name": "accounts", "description": "Signing in and out, devices, and one's own profile."},
    {"name": "sessions", "description": "Chats: opened, claimed, handed over, closed, rated."},
    {"name": "messages", "description": "What is said in a chat, in order, each once."},
    {"name": "files", "description": "Pictures and documents that messages carry."},
    {"name": "own chat", "description": "A customer's own talk with the assistant, in one call."},
    {"name": "socket", "description": "Tickets for the WebSocket."},
    {"name": "widget", "description": "What the widget on a website asks for."},
    {"name": "support", "description": "Teams and who is there."},
    {"name": "models", "description": "Endpoints of models: kept, tried, priced."},
    {"name": "conversations", "description": "Questions to several models at once."},
    {"name": "turns", "description": "One question: stopped, picked from, asked again."},
    {"name": "streams", "description": "Answers as they are written, as server-sent events."},
    {"name": "playground", "description": "What the playground's page needs beside these."},
    {"name": "knowledge", "description": "Articles that replies rest on, and a search in them."},
    {"name": "releases", "description": "What customers meet, tried on kept cases before."},
    {"name": "statistics", "description": "What models did, how fast, and what it cost."},
]

#: Parameters of addresses that have no description of their own.
PARAMETERS = {
    "after_seq": "What was said after this number, oldest first.",
    "after_version": "What has changed since this version of the session.",
    "archived": "Archived ones, instead of those in use.",
    "before_seq": "The page that ends before this number, still oldest first.",
    "cursor": "`next` of the page before; the first page without it.",
    "customer": "Those of one customer (user id).",
    "enabled": "Only those switched on, or only those switched off.",
    "format": "Plain text, JSON, or a page to print.",
    "is_red_team": "Only those that try to mislead the assistant, or only the others.",
    "language": "Those in one language.",
    "last_event_id": "The last event seen, when the `Last-Event-ID` header cannot be sent.",
    "limit": "How many at most.",
    "model": "Those of one model (id).",
    "release": "Those of one release (id).",
    "tag": "Those with this tag.",
    "team": "Those of one team (id).",
    "unread": "Only those with something unread, or only those without.",
    "upto_seq": "As it stood at this number.",
}
