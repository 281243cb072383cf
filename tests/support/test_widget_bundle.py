"""The widget's modules are put together and made small: they must still be the same program."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from support import bundle, squeeze
from support.widget_files import LOADER, SCRIPT, STYLES

ROOT = Path(__file__).resolve().parents[2]
KERNEL = Path("sessions_app/static/sessions_app")
node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@node
@pytest.mark.parametrize(
    "made", [lambda: bundle.bundle(SCRIPT), lambda: bundle.plain_script_of(LOADER)]
)
def test_what_is_served_parses(tmp_path, made):
    script = tmp_path / "script.mjs"
    script.write_text(made())
    subprocess.run(["node", "--check", script], check=True)


@node
def test_the_kernel_made_small_passes_the_kernels_own_tests(tmp_path):
    shutil.copytree(ROOT / "tests/js/support", tmp_path / "tests/js/support")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for source in (ROOT / KERNEL).rglob("*.js"):
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(squeeze.script(source.read_text()))
    names = ["connection", "convergence", "feed", "helpers", "outbox", "uploads"]
    for name in names:
        shutil.copy(ROOT / f"tests/js/{name}.test.js", tmp_path / "tests/js")
    tests = [f"tests/js/{name}.test.js" for name in names]
    done = subprocess.run(
        ["node", "--test", *tests], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_module_is_there_once(monkeypatch):
    assert not re.search(r"\b(import|export) ", bundle.bundle(SCRIPT))
    monkeypatch.setattr(squeeze, "script", str)
    script = bundle.bundle(SCRIPT)
    for name in ("Connection", "Feed", "Outbox", "SafeStorage", "Chat", "ChatLog"):
        assert len(re.findall(rf"class {name}\b", script)) == 1


def test_two_modules_may_not_declare_the_same_name(monkeypatch, tmp_path):
    (tmp_path / "a.js").write_text('import { two } from "./b.js";\nconst [one, same] = two;\n')
    (tmp_path / "b.js").write_text("const same = 1;\nexport const two = [same];\n")
    monkeypatch.setattr(bundle, "_source", lambda path: tmp_path / path)
    with pytest.raises(ImproperlyConfigured, match="both declare same"):
        bundle.bundle("a.js")


@pytest.mark.parametrize(
    ("source", "small"),
    [
        ("const a = 1; // why\nlet b;", "const a=1;let b;"),
        ('const a = "x // y  /* z */";', 'const a="x // y  /* z */";'),
        ("x.replace(/a \\/ \"b/g, ' ');", "x.replace(/a \\/ \"b/g,' ');"),
        ("half = all / 2 / n;", "half=all/2/n;"),
        ("a = b + +c - -d;", "a=b+ +c- -d;"),
        ("class A { #count = 0; up() { this.#count += 1; } }", "class A{#a=0;up(){this.#a+=1}}"),
        ("const t = `a  ${ b } #x`;", "const t=`a  ${ b } #x`;"),
        ('return { a, ...b } in c ? "#name" : d;', 'return{a,...b}in c?"#name":d;'),
    ],
)
def test_a_script_is_made_small_without_touching_texts(source, small):
    assert squeeze.script(source) == small


@pytest.mark.parametrize(
    ("source", "small"),
    [
        ("const total = (first, second) => first + second;", "const c=(a,b)=>a+b;"),
        ("for (const word of words) say(word);", "for(const a of words)say(a);"),
        ("function add([left, ...rest]) { return left; }", "function b([a,...c]){return a}"),
        ("try { go(); } catch (error) { tell(error); }", "try{go()}catch(a){tell(a)}"),
    ],
)
def test_a_scripts_own_variables_get_short_names(source, small):
    assert squeeze.script(source) == small


@pytest.mark.parametrize(
    "source",
    [
        "let size=1;box.size=size;",  # a property
        "const{size}=box;",  # taken out of an object
        "let size=1;send({size});",  # put into one
        "let size=1;send({a,size:2});",  # a key
        "let size=1;const b={size(){go()}};",  # a method
        "let size=1;class B{get size(){return 2}}",
        "let size=1;go(`${size} px`);",
        "if(document){go()}",  # not declared here
        "const f=(b=go(window,{c:document}))=>b;",  # in a default value
        "const open=1;",  # the browser has one of this name
        "export const size=1;",
    ],
)
def test_names_that_may_mean_something_else_stay(source):
    assert squeeze.script(source) == source


def test_custom_properties_that_nothing_uses_are_left_out():
    source = ":root { --a: 1px; --b: var(--a); --c: 2px } p { margin: var(--c) }"
    assert squeeze.style(source) == ":root{--c:2px}p{margin:var(--c)}"


def test_a_style_is_made_small_without_joining_selectors():
    source = "/* c */ .a .b:hover > i , p { margin: 0 auto ; inset: calc(1px + 2px); }\n"
    assert squeeze.style(source) == ".a .b:hover > i,p{margin:0 auto;inset:calc(1px + 2px)}"


def test_the_style_keeps_every_rule():
    whole = "".join(bundle._source(path).read_text() for path in STYLES)
    whole = re.sub(r"/\*.*?\*/", "", whole, flags=re.DOTALL)
    assert bundle.style_of(*STYLES).count("{") == whole.count("{")


def test_a_form_that_is_not_understood_is_refused(monkeypatch, tmp_path):
    (tmp_path / "odd.js").write_text("export default 1;\n")
    monkeypatch.setattr(bundle, "_source", lambda path: tmp_path / path)
    with pytest.raises(ImproperlyConfigured, match="not understood"):
        bundle.bundle("odd.js")
