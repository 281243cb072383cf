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
    names = ["connection", "convergence", "feed", "helpers", "outbox"]
    for name in names:
        shutil.copy(ROOT / f"tests/js/{name}.test.js", tmp_path / "tests/js")
    tests = [f"tests/js/{name}.test.js" for name in names]
    done = subprocess.run(
        ["node", "--test", *tests], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_module_is_there_once():
    script = bundle.bundle(SCRIPT)
    for name in ("Connection", "Feed", "Outbox", "SafeStorage", "Chat", "ChatLog"):
        assert len(re.findall(rf"class {name}\b", script)) == 1
    assert not re.search(r"\b(import|export)\b", script)


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
        ("const half = all / 2 / n;", "const half=all/2/n;"),
        ("a = b + +c - -d;", "a=b+ +c- -d;"),
        ("class A { #count = 0; up() { this.#count += 1; } }", "class A{#a=0;up(){this.#a+=1;}}"),
        ("const t = `a  ${ b } #x`;", "const t=`a  ${ b } #x`;"),
        ('return { a, ...b } in c ? "#name" : d;', 'return{a,...b}in c?"#name":d;'),
    ],
)
def test_a_script_is_made_small_without_touching_texts(source, small):
    assert squeeze.script(source) == small


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
