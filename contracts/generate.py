"""Write what is made from the models: JSON Schemas, an AsyncAPI document per service, and the table of all facts.

python -m contracts.generate            write
python -m contracts.generate --check    say what is stale, and fail if anything is
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from contracts.catalogue import FACTS, PUBLISHERS
from contracts.fact import Fact
from contracts.schema import ENVELOPE, Schema, data_schema
from contracts.terms import TERMS

HERE: Final = Path(__file__).parent
VERSION: Final = "1.0.0"
SHARDS: Final = 16

Document: TypeAlias = dict[str, Any]

ROLES: Final = {
    "intake": "The door (bộ phận một cửa): procedures published, dossiers received, supplemented, refused, withdrawn, returned.",
    "processing": "The department: workflows published, cases opened, worked, paused and decided, permits issued.",
    "feedback": "The listening: invitations, ratings, opinions, petitions and their answers, enterprises visited.",
    "reporting": "The mirror: periodic reports as they were published.",
}

PARAMETERS: Final[Document] = {
    "shard": {
        "description": f"CRC-32 of the stream's id, modulo {SHARDS}: facts of one thing keep their order within a shard.",
        "enum": [f"{shard:02d}" for shard in range(SHARDS)],
    },
    "agency": {"description": "The agency's code, lower case, with hyphens for dots.", "examples": ["h09-13"]},
}


class _Plain(yaml.SafeDumper):
    """Writes everything where it stands, with no anchors: a contract is read from top to bottom."""

    def ignore_aliases(self, data: Any) -> bool:
        """Say yes for all data."""
        del data
        return True

    def text(self, data: str) -> yaml.Node:
        """Write several lines as a block, and quote what some YAML would read as a number: `08` is a string here and 8 elsewhere."""
        style = "|" if "\n" in data else "'" if data[:1].isdigit() else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Plain.add_representer(str, _Plain.text)


def sentence(fact: type[Fact]) -> str:
    """Give what a fact says: its docstring."""
    return cleandoc(fact.__doc__ or "")


def to_json(document: Document) -> str:
    """Give the text of a JSON file."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def asyncapi(service: str) -> Document:
    """Give the AsyncAPI 3.0.0 document of a publishing service. References lead to the files beside it."""
    facts = PUBLISHERS[service]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Motcua: facts of {service}",
            "version": VERSION,
            "description": f"{ROLES[service]}\n\nThe stream {service.upper()} is a mirror of the service's log: "
            "stream sequence = log position, with no gap. Read it from any position on; no acknowledgement is needed.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "nats",
                "description": f"NATS JetStream, stream {service.upper()}.",
                "variables": {"host": {"default": "localhost"}, "port": {"default": "4222"}},
                "security": [{"$ref": "#/components/securitySchemes/account"}],
            },
        },
        "channels": {fact.TYPE: _channel(service, fact) for fact in facts},
        "operations": {f"send.{fact.TYPE}": _operation(fact) for fact in facts},
        "components": {
            "messages": {fact.TYPE: _message(fact) for fact in facts},
            "parameters": PARAMETERS,
            "securitySchemes": {"account": {"type": "userPassword", "description": "A user of the broker that may read the stream."}},
        },
    }


def _channel(service: str, fact: type[Fact]) -> Document:
    name = fact.TYPE.removeprefix(f"{service}.")
    return {
        "address": f"{service}.{{shard}}.{{agency}}.{name}",
        "title": fact.__name__,
        "messages": {fact.TYPE: {"$ref": f"#/components/messages/{fact.TYPE}"}},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS},
    }


def _operation(fact: type[Fact]) -> Document:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{fact.TYPE}"},
        "summary": TERMS[fact.TYPE],
        "messages": [{"$ref": f"#/channels/{fact.TYPE}/messages/{fact.TYPE}"}],
    }


def _message(fact: type[Fact]) -> Document:
    golden = HERE / "golden" / f"{fact.TYPE}.json"
    examples = [{"name": "golden", "payload": json.loads(golden.read_text(encoding="utf-8"))}] if golden.exists() else []
    return {
        "name": fact.TYPE,
        "title": fact.__name__,
        "summary": TERMS[fact.TYPE],
        "description": sentence(fact),
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": "../schemas/envelope.json"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": fact.TYPE},
                        "data": {"$ref": f"../schemas/{fact.TYPE}.json"},
                    },
                },
            ],
        },
        "examples": examples,
    }


def index() -> str:
    """Give `README.md`: how to read the facts, and the table of all of them."""
    lines = [INTRODUCTION, "", "| attribute | what it says |", "|---|---|"]
    properties: Schema = ENVELOPE["properties"]
    for name, schema in properties.items():
        optional = "" if name in ENVELOPE["required"] else " (may be absent)"
        lines.append(f"| `{name}`{optional} | {_cell(schema.get('description') or 'always `' + str(schema.get('const')) + '`')} |")
    for service, facts in PUBLISHERS.items():
        lines += ["", f"## {service}", "", ROLES[service], "", "| event | tiếng Việt | what it says | fields |", "|---|---|---|---|"]
        for fact in facts:
            fields = ", ".join(f"`{name}`" for name in fact.model_fields)
            golden = f"[`{fact.TYPE}`](golden/{fact.TYPE}.json)"
            lines.append(f"| {golden} | {TERMS[fact.TYPE]} | {_cell(sentence(fact))} | {fields} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


INTRODUCTION: Final = """\
# What the services promise each other

<!-- Made by `python -m contracts.generate` from the models beside it; change those. -->

Every fact that may leave a service is a pydantic model here, one module per publishing service. From the models are made:

| where | what |
|---|---|
| `schemas/<type>.json` | JSON Schema of the data of one event version; `schemas/envelope.json` is what all of them come in |
| `asyncapi/<service>.yaml` | AsyncAPI 3.0.0 document of one publishing service |
| `golden/<type>.json` | one whole example of every event version ever published; added to, never edited (`golden/SHA256SUMS`) |
| `released/<type>.json` | the schemas as they were last released; `python -m contracts.compatibility` compares with them |

A published event version may gain optional fields and further words in a closed list; readers ignore what they do not know. Anything
else is a new version with a new name, and an upcaster that leads from the old one to it. No fact holds personal data: it refers to the
vault of the service that received it (`personal_ref`, `text_ref`) and commits to it with a salted hash (`commitment`).

A new fact takes four steps: the model and its place in the union at the end of its module; its Vietnamese name in `terms.py`; its golden
file (and `sha256sum *.json > SHA256SUMS` in `golden/`); then `python -m contracts.generate` and
`python -m contracts.compatibility --release`.

## The envelope

The body of every message is a CloudEvent 1.0 in structured mode. There are no application headers. What is stored is what is published."""


def files() -> dict[Path, str]:
    """Give every generated file, by its path below this folder, with its text."""
    texts = {Path("schemas/envelope.json"): to_json(ENVELOPE), Path("README.md"): index()}
    for type_, fact in FACTS.items():
        texts[Path("schemas") / f"{type_}.json"] = to_json(data_schema(fact))
    for service in PUBLISHERS:
        texts[Path("asyncapi") / f"{service}.yaml"] = yaml.dump(
            asyncapi(service), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=140
        )
    return texts


def stale(folder: Path = HERE) -> list[str]:
    """Give the generated files that are missing, not as they would be written now, or no longer generated."""
    wanted = files()
    found = {path.relative_to(folder) for name in ("schemas", "asyncapi") for path in (folder / name).glob("*")}
    old = [path for path, text in wanted.items() if not (folder / path).exists() or (folder / path).read_text(encoding="utf-8") != text]
    return sorted(path.as_posix() for path in [*old, *(found - set(wanted))])


def write(folder: Path = HERE) -> list[str]:
    """Write every generated file that is stale and remove those that are no longer generated; give their names."""
    wanted = files()
    changed = stale(folder)
    for name in changed:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if Path(name) in wanted:
            path.write_text(wanted[Path(name)], encoding="utf-8")
        else:
            path.unlink()
    return changed


def main(argv: Sequence[str]) -> int:
    """Write the generated files, or only check them; give the exit code."""
    if "--check" in argv:
        names = stale()
        for name in names:
            print(f"contracts/{name} is stale: run `python -m contracts.generate`")
        return 1 if names else 0
    for name in write():
        print(f"contracts/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
