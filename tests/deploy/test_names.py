"""Manifests name what the code has: a process started with them would start, and whatever they ask for is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from deploy.local.stack import SERVICES
from kernel.eventlog.append import POOL_MAX
from tests.architecture.source import ROOT, listed
from tests.deploy.manifests import K8S, OVERLAYS, Documents, deployed, name_of, of_kind, one, pod_of
from tests.deploy.names import environment, processes, service_of, unknown_metrics, unknown_roles, unknown_settings, unrouted, wrong_ports

SECRETS: Final[Mapping[str, str]] = {
    "DATABASE_URL": "postgresql://a:b@postgres-rw/c?sslmode=verify-full",
    "MIGRATE_DATABASE_URL": "postgresql://o:b@postgres-rw/c?sslmode=verify-full",
    "NATS_URL": "tls://a:b@nats-0.nats:4222",
    "CURSOR_SECRET": "c" * 32,
    "TOKEN_SECRET": "t" * 32,
    "CODE_SECRET": "c" * 32,
    "VAULT_KEYS": "1:" + "A" * 43 + "=",
    "NATIONAL_PASSWORD": "n" * 32,
    "FILES_S3_KEY_ID": "k" * 20,
    "FILES_S3_SECRET": "s" * 40,
    "PAYMENT_SECRETS": "whsec_" + "A" * 32,
    "SMTP_URL": "smtps://a:b@mail.example.vn:465",
}
RULES: Final[Mapping[str, Callable[[Documents], list[str]]]] = {
    "settings": unknown_settings,
    "roles": unknown_roles,
    "ports": wrong_ports,
}


def container(documents: Documents, name: str = "intake-api") -> Any:
    """Give a container to break."""
    return pod_of(one(documents, "Deployment", name))["containers"][0]


def http(documents: Documents) -> Any:
    """Give a network policy to break."""
    return one(documents, "NetworkPolicy", "http")["spec"]["ingress"][0]


def route(documents: Documents) -> Any:
    """Give a route to break."""
    return one(documents, "HTTPRoute", "intake")["spec"]["rules"][0]


Break = Callable[[list[Any]], object]
BREAKS: Final[Mapping[str, tuple[str, Break, str]]] = {
    "a misspelt setting": (
        "settings",
        lambda d: one(d, "ConfigMap", "intake-settings")["data"].update(DRAIN_SECOND="5"),
        "INTAKE_DRAIN_SECOND is no setting",
    ),
    "another prefix": ("settings", lambda d: container(d)["envFrom"][0].update(prefix="INTAK_"), "INTAK_PORT is no setting"),
    "another service": ("roles", lambda d: container(d).update(command=["python", "-m", "services.feedback"]), "does not start intake"),
    "another image": ("roles", lambda d: container(d).update(image="motcua/feedback:0.1.0"), "is not the image of intake"),
    "no such role": ("roles", lambda d: container(d).update(args=["worker"]), "is not what its label says"),
    "another port": ("ports", lambda d: one(d, "ConfigMap", "intake-settings")["data"].update(PORT="8001"), "listens on 8001"),
    "no such probe": ("ports", lambda d: container(d)["livenessProbe"]["httpGet"].update(path="/healthz"), "/healthz is no probe"),
    "a policy for another port": ("ports", lambda d: http(d).update(ports=[{"port": 8080}]), "nobody listens on 8080"),
    "too little time": (
        "ports",
        lambda d: pod_of(one(d, "Deployment", "intake-api")).update(terminationGracePeriodSeconds=25),
        "is killed after 25 s",
    ),
    "a route to nobody": ("ports", lambda d: route(d)["backendRefs"][0].update(port=8080), "no service intake-api:8080"),
    "a scaler of nobody": (
        "ports",
        lambda d: one(d, "HorizontalPodAutoscaler", "intake-api")["spec"]["scaleTargetRef"].update(name="intake-web"),
        "no intake-web",
    ),
    "a monitor of nothing": (
        "ports",
        lambda d: one(d, "PodMonitor", "motcua")["spec"]["podMetricsEndpoints"][0].update(path="/metric"),
        "no http/metric",
    ),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_manifests_name_what_the_code_has(overlay: str, rule: str) -> None:
    findings = RULES[rule](deployed(overlay))
    assert not findings, listed(findings)


@pytest.mark.parametrize("what", BREAKS)
def test_a_name_that_the_code_does_not_have_is_refused_with_the_reason(what: str) -> None:
    rule, break_it, reason = BREAKS[what]
    documents = deployed("production")
    break_it(documents)
    assert any(reason in finding for finding in RULES[rule](documents))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_process_would_start_with_what_it_is_told(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = deployed(overlay)
    started = 0
    for name, workload in processes(documents):
        with monkeypatch.context() as told:
            for variable, value in environment(documents, workload).items():
                told.setenv(variable, SECRETS[variable.removeprefix(f"{name.upper()}_")] if value is None else value)
            settings = service_of(name).settings()
            service_of(name).runtime(settings)  # opens the key ring of the vault too
        role = pod_of(workload)["containers"][0]["args"][0]
        assert settings.development == (overlay == "dev")
        assert (settings.migrate_database_url is not None) == (role == "migrate"), name_of(workload)
        assert (settings.seal_key_file is not None) == (role == "worker"), name_of(workload)
        started += 1
    assert started == len(SERVICES) * 3


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_process_that_takes_or_looks_at_files_has_the_same_place_for_them(overlay: str) -> None:
    documents = deployed(overlay)
    for role in ("api", "worker"):
        workload = one(documents, "Deployment", f"intake-{role}")
        told, pod = environment(documents, workload), pod_of(workload)
        mounted = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0].get("volumeMounts", ()) if not mount.get("readOnly")}
        if overlay == "production":
            assert str(told["INTAKE_FILES_URL"]).startswith("s3://"), "a folder is not shared by pods of several machines"
            assert {"INTAKE_FILES_S3_KEY_ID", "INTAKE_FILES_S3_SECRET", "INTAKE_CLAMD_URL"} <= told.keys()
        else:
            volume = mounted[urlsplit(str(told["INTAKE_FILES_URL"])).path]
            (claim,) = [v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if v["name"] == volume]
            assert one(documents, "PersistentVolumeClaim", claim)


@pytest.mark.parametrize("secret", ["token_secret", "code_secret"])
def test_a_process_that_lacks_a_secret_would_not_start(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = deployed("production")
    workload = one(documents, "Deployment", "feedback-api")
    for variable, value in environment(documents, workload).items():
        monkeypatch.setenv(variable, SECRETS[variable.removeprefix("FEEDBACK_")] if value is None else value)
    monkeypatch.delenv(f"FEEDBACK_{secret.upper()}")
    with pytest.raises(ValidationError, match=f"{secret} must be set"):
        service_of("feedback").settings()


def test_streams_have_as_many_copies_as_there_are_nodes() -> None:
    documents = deployed("production")
    replicas = str(one(documents, "StatefulSet", "nats")["spec"]["replicas"])
    assert {one(documents, "ConfigMap", f"{name}-settings")["data"]["STREAM_REPLICAS"] for name in SERVICES} == {replicas} == {"3"}


def test_the_gateway_lets_every_route_through_and_no_probe() -> None:
    documents = deployed("production")
    assert not unrouted(documents), listed(unrouted(documents))
    route(documents)["matches"] = [{"path": {"type": "PathPrefix", "value": "/v2"}}]
    one(documents, "HTTPRoute", "feedback")["spec"]["rules"][0]["matches"].append({"path": {"type": "Exact", "value": "/metrics"}})
    found = unrouted(documents)
    assert "HTTPRoute intake: /v1/dossiers is not let through" in found
    assert "HTTPRoute feedback: /metrics is let through" in found


def test_alerts_and_dashboards_ask_for_metrics_that_are_there() -> None:
    documents = deployed("production")
    rules = [rule for group in one(documents, "PrometheusRule", "motcua")["spec"]["groups"] for rule in group["rules"]]
    board = json.loads((K8S / "components" / "prometheus-operator" / "motcua.json").read_text(encoding="utf-8"))
    asked = {rule["alert"]: rule["expr"] for rule in rules}
    asked |= {f"{panel['title']} {target['refId']}": target["expr"] for panel in board["panels"] for target in panel["targets"]}
    findings = [f"{name}: {finding}" for name, expression in asked.items() for finding in unknown_metrics(expression)]
    assert not findings, listed(findings)
    labelled = {r["targetLabel"] for r in one(documents, "PodMonitor", "motcua")["spec"]["podMetricsEndpoints"][0]["relabelings"]}
    assert labelled == {"service", "component"}


@pytest.mark.parametrize(
    ("expression", "finding"),
    [
        ("max by (service) (log_relay_halt) == 1", "no metric log_relay_halt"),
        ("rate(http_request_seconds[5m])", "no metric http_request_seconds"),
        ("log_appended", "no metric log_appended"),
        ("sum by (agency) (log_parked)", "no label agency"),
        ('log_checkpoint{reader="mirror"}', "no label reader"),
    ],
)
def test_a_metric_or_label_that_nobody_shows_would_be_found(expression: str, finding: str) -> None:
    assert unknown_metrics(expression) == [finding]


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    rules = [rule for group in one(deployed("production"), "PrometheusRule", "motcua")["spec"]["groups"] for rule in group["rules"]]
    pages = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "runbooks").glob("*-*.md")}
    assert {rule["annotations"]["runbook"]: f"# {rule['alert']}" for rule in rules} == {
        page: text.partition("\n")[0] for page, text in pages.items()
    }


def test_the_page_for_operators_names_every_secret_and_its_keys() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for overlay in OVERLAYS:
        for workload in of_kind(deployed(overlay), "Deployment", "StatefulSet", "Job"):
            for name in sorted(set(named(pod_of(workload), overlay))):
                assert f"`{name}`" in page, f"{overlay}, {name_of(workload)}: {name}"


def named(pod: Any, overlay: str) -> list[str]:
    """Give the Secrets, their keys and the ConfigMaps that must be in the cluster before."""
    made = {d["metadata"]["name"] for d in of_kind(deployed(overlay), "ConfigMap")}
    (container_,) = pod["containers"]
    found = [volume["secret"]["secretName"] for volume in pod.get("volumes", ()) if "secret" in volume]
    found += [v["configMap"]["name"] for v in pod.get("volumes", ()) if "configMap" in v and v["configMap"]["name"] not in made]
    found += [source["secretRef"]["name"] for source in container_.get("envFrom", ()) if "secretRef" in source]
    for env in container_.get("env", ()):
        if reference := env.get("valueFrom", {}).get("secretKeyRef"):
            found += [reference["name"], reference["key"]]
    return found


BESIDE_THE_POOL: Final = 2
"""Connections of a process that its pool does not count: the one that hears of commits, and the leader's."""
RESERVED: Final = 10
"""What PostgreSQL keeps for its superuser, and operators for themselves."""


def connections_at_most(documents: Documents) -> int:
    """Count what all processes open when every API has as many pods as it may, and each is being replaced."""
    allowed = {one["spec"]["scaleTargetRef"]["name"]: one["spec"]["maxReplicas"] for one in of_kind(documents, "HorizontalPodAutoscaler")}
    pods = [(allowed.get(d["metadata"]["name"]) or d["spec"]["replicas"]) + 1 for d in of_kind(documents, "Deployment")]
    return sum(pods) * (POOL_MAX + BESIDE_THE_POOL)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_database_has_a_connection_for_whoever_may_ask_for_one(overlay: str) -> None:
    documents = deployed(overlay)
    if overlay == "dev":
        (settings,) = (pod_of(d)["containers"][0]["args"] for d in of_kind(documents, "StatefulSet") if d["metadata"]["name"] == "postgres")
        given = next(int(word.partition("=")[2]) for word in settings if word.startswith("max_connections="))
    else:
        given = int(one(documents, "Cluster", "postgres")["spec"]["postgresql"]["parameters"]["max_connections"])
    assert connections_at_most(documents) + RESERVED <= given
