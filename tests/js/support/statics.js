/**
 * Every app keeps its files in its own static folder, and browsers see them side by side below
 * /static/. This teaches Node the same, so that one app's modules may import another's.
 * Modules that do so must be loaded with `browserModule`, after the lesson.
 */
import { register } from "node:module";

const hooks = `
export async function resolve(specifier, context, next) {
  if (!specifier.startsWith(".") || !context.parentURL) return next(specifier, context);
  const url = new URL(specifier, context.parentURL).href;
  return next(url.replace(/\\/\\w+\\/static\\/(support|llm|sessions_app|chatsite)\\//, "/$1/static/$1/"), context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

/** @param {string} path below /static/, for example "support/console/models/auth.js" */
export function browserModule(path) {
  return import(new URL(`../../../${path.split("/")[0]}/static/${path}`, import.meta.url).href);
}
