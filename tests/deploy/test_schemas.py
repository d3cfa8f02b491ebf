"""A cluster would take every manifest: as Kubernetes defines its kinds, in three versions, and the operators theirs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml
from jsonschema.exceptions import best_match
from kubernetes_validate.utils import all_versions, schema_contents
from referencing import Registry, Resource

from tests.architecture.source import listed
from tests.deploy.manifests import K8S, OVERLAYS, Documents, build, deployed, name_of, one, pod_of

VERSIONS: Final = ("1.35", "1.36", "1.37")
CRDS: Final[Mapping[str, Any]] = yaml.safe_load((Path(__file__).parent / "crds.yaml").read_text(encoding="utf-8"))


def closed(schema: Any) -> Any:
    """Refuse what the schema does not name."""
    match schema:
        case {"properties": dict(properties), **others}:
            named = {name: closed(one) for name, one in properties.items()}
            return {**others, "type": "object", "properties": named, "additionalProperties": False}
        case {"items": items, **others}:
            return {**others, "items": closed(items)}
        case _:
            return schema


@cache
def definitions(version: str) -> Registry[Any]:
    """Read what Kubernetes says of all its kinds, strictly: a field that it does not know is an error."""
    read = schema_contents(f"kubernetes-json-schema/v{version}.0-local-strict/_definitions.json", version)
    return Resource[Any].from_contents(read) @ Registry()


@cache
def validator_of(kind: str, version: str) -> Any:
    """Give what judges one kind. kubernetes-validate's own function reads two megabytes anew for each document.

    Raises:
        FileNotFoundError: if this version has no such kind.
    """
    if kind in CRDS:
        return jsonschema.Draft202012Validator(closed(CRDS[kind]))
    *group, number, name = kind.split("/")
    file = "-".join([name.lower(), *(part.split(".")[0] for part in group), number])
    schema = schema_contents(f"kubernetes-json-schema/v{version}.0-local-strict/{file}.json", version)
    return jsonschema.Draft202012Validator(schema, registry=Resource[Any].from_contents(schema) @ definitions(version))


def refused(documents: Documents, version: str) -> list[str]:
    """Give what a cluster of this version, with the operators, would not take."""
    findings: list[str] = []
    for document in documents:
        kind = f"{document['apiVersion']}/{document['kind']}"
        try:
            judged = document["spec"] if kind in CRDS else document
            error = best_match(validator_of(kind, version).iter_errors(judged))
            findings += [f"{name_of(document)}: {error.message}"] if error else []
        except FileNotFoundError:
            findings.append(f"{name_of(document)}: {version} does not know {kind}")
    return findings


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_cluster_takes_every_manifest(overlay: str, version: str) -> None:
    findings = refused(deployed(overlay), version)
    assert not findings, listed(findings)


def test_these_are_the_current_version_and_the_two_before_it() -> None:
    assert tuple(dict.fromkeys(version.removesuffix(".0") for version in all_versions()))[-3:] == VERSIONS


def test_a_bare_cluster_takes_all_of_dev() -> None:
    assert not [name_of(d) for d in deployed("dev") if f"{d['apiVersion']}/{d['kind']}" in CRDS]


def test_no_kind_is_let_through_that_nobody_deploys() -> None:
    kinds = {f"{d['apiVersion']}/{d['kind']}" for d in deployed("production")}
    assert set(CRDS) <= kinds


def test_a_misspelt_field_would_be_found() -> None:
    documents = deployed("production")
    pod = pod_of(one(documents, "Deployment", "intake-api"))
    pod["securityContext"]["runAsNonRoo"] = True
    pod["containers"][0]["resources"]["limits"]["memory"] = ["512Mi"]
    one(documents, "Cluster", "postgres")["spec"]["instanses"] = 3
    del one(documents, "HTTPRoute", "intake")["spec"]["hostnames"]
    documents.append({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "x"}})
    found = [finding.split(":")[0] for finding in refused(documents, VERSIONS[-1])]
    assert sorted(found) == ["Cluster postgres", "Deployment intake-api", "HTTPRoute intake", "ScaledObject x"]


def test_an_overlay_that_does_not_build_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(f"resources: [gone.yaml, {K8S / 'base'}]\n", encoding="utf-8")
    with pytest.raises(ValueError, match="gone"):
        build(tmp_path)
