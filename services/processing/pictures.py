"""Beside step 8: the papers of made-up cases, for pictures that show what each template and form looks like."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args

from contracts.catalogue import FACTS
from contracts.processing import CaseOpened
from contracts.processing_permits import PermitPublished
from kernel.legalclock import day_of
from kernel.paper.pictures import Pictured
from services.processing.domain import permit
from services.processing.domain.forms import FormName
from services.processing.domain.permit_states import InForce
from services.processing.domain.workflow import Steps
from services.processing.forms import make, source_of, words_for
from services.processing.permit_pages import page_again
from services.processing.query import Expected
from services.processing.settings import HERE
from services.processing.templates import Stationery, Template, load_stationery
from services.processing.workflows import load_workflows

TEMPLATES: Final = HERE / "templates"
PUBLIC_URL: Final = "https://dev.motcua.invalid"
ORGANISATION: Final = HERE / "organisation.yaml"
IMPORTED: Final = (TEMPLATES / "permit.typ", TEMPLATES / "forms" / "form.typ")
OF: Final[dict[FormName, str]] = {"refusal": "refused", "stop-notice": "stopped"}
"""Which of the cases a form is shown of, if it is not the one that was granted."""

COMPONENTS: Final = {
    "ban-sao-dkkd": "Bản sao giấy chứng nhận đăng ký doanh nghiệp",
    "hop-dong-nguyen-tac": "Hợp đồng nguyên tắc, văn bản giới thiệu của nhà cung cấp rượu",
    "bao-cao-kinh-doanh": "Báo cáo kết quả kinh doanh của thương nhân",
}


def read_cases(file: Path) -> dict[str, list[Any]]:
    """Read the facts of made-up cases."""
    told = json.loads(file.read_text(encoding="utf-8"))
    return {name: [FACTS[one["type"]].model_validate(one["data"]) for one in facts] for name, facts in told.items()}


def pages(file: Path) -> list[Pictured]:
    """Give every permit template and every form as a page of the cases in a file."""
    cases, stationery = read_cases(file), load_stationery(TEMPLATES, ORGANISATION)
    permits = [permit_pictured(code, cases, stationery) for code in sorted({one.on_file.code for one in stationery.templates.values()})]
    return [*permits, *(form_pictured(name, cases[OF.get(name, "granted")], cases["permit"], stationery) for name in get_args(FormName))]


def permit_pictured(code: str, cases: dict[str, list[Any]], stationery: Stationery) -> Pictured:
    """Give the page of the permit by the newest version of a template."""
    used = max((one for one in stationery.templates.values() if one.on_file.code == code), key=lambda one: one.on_file.version)
    facts = [by_template(fact, used) for fact in cases["permit"]]
    _, page, _ = page_again(facts, cases["granted"], stationery, PUBLIC_URL)
    return Pictured(f"permit-{code}", used.source, IMPORTED, page)


def by_template(fact: Any, used: Template) -> Any:
    """Let a page go out by this template: the facts are those of another version, or of another template."""
    match fact:
        case PermitPublished():
            changes = {"template_hash": used.on_file.sha256, "blank": fact.blank if used.on_file.blank else None}
            return fact.model_copy(update=changes)
        case _:
            return fact


def form_pictured(name: FormName, facts: Sequence[Any], of_permit: Sequence[Any], stationery: Stationery) -> Pictured:
    """Give the page of a form."""
    opened = next(fact for fact in facts if isinstance(fact, CaseOpened))
    state = permit.DECIDER.fold(of_permit)
    expected = Expected(
        procedure="Cấp Giấy phép bán buôn rượu trên địa bàn tỉnh, thành phố trực thuộc trung ương",
        components=COMPONENTS,
        result="Giấy phép bán buôn rượu",
        validity_months=60,
        holder=state.permit.holder if isinstance(state, InForce) else None,
    )
    steps: Steps = load_workflows(HERE / "workflows", ORGANISATION)[opened.procedure].steps
    words = words_for(name, opened.agency, day_of(opened.opened_at), stationery, expected)
    form = make(name, facts, words, steps, stationery, None)
    if form is None:
        message = f"the cases of the pictures lead to no {name}"
        raise ValueError(message)
    return Pictured(f"form-{name}", source_of(name, stationery), IMPORTED, form)
