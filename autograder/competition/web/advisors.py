"""What an advisor does: see all of it, judge, close and publish. And the door for what comes from a channel."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from .. import board, channels, teams, webhooks
from . import shapes as s
from .identity import Advisor, Here

router = APIRouter(responses=s.FAULTS)


@router.get("/api/competitions/{name}/advisor", response_model=s.AdvisorsView)
def view(name: str, here: Here, who: Advisor):
    """Teams with their real scores, who has not handed in, what looks odd."""
    return board.advisor(here.contest(name))


@router.get("/api/competitions/{name}/audit", response_model=list[s.Line])
def audit(name: str, here: Here, who: Advisor):
    """All that was done, by whom and when."""
    return board.audit(here.contest(name))


@router.get("/api/competitions/{name}/grades.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def the_grades(name: str, here: Here, who: Advisor):
    """A grade for each learner: half the score, half the explanation."""
    from ..grades import as_csv, grades

    contest = here.contest(name)
    return Response(as_csv(grades(contest)), media_type="text/csv",
                    headers={"content-disposition": f'attachment; filename="{contest.name}-grades.csv"'})


@router.post("/api/competitions/{name}/close", response_model=s.Rules)
def close(name: str, asked: s.Nothing, here: Here, who: Advisor):
    """End the competition now."""
    here.contest(name).close(who)
    return here.contest(name).told()


@router.post("/api/competitions/{name}/publish", response_model=s.Rules)
def publish(name: str, asked: s.Nothing, here: Here, who: Advisor):
    """Show the private scores."""
    here.contest(name).publish(who)
    return here.contest(name).told()


@router.put("/api/competitions/{name}/disqualified", response_model=s.Nothing)
def disqualify(name: str, asked: s.Reason, here: Here, who: Advisor):
    """Take a team out of the ranking and say why, or put it back."""
    teams.disqualify(here.contest(name), who, asked.team, asked.reason)
    return {}


@router.put("/api/competitions/{name}/mark", response_model=s.Nothing)
def mark(name: str, asked: s.Mark, here: Here, who: Advisor):
    """Points for a team's explanation."""
    teams.mark(here.contest(name), who, asked.team, asked.points, asked.comment)
    return {}


@router.post("/api/competitions/{name}/merge", response_model=s.Nothing)
def merge_two(name: str, asked: s.Two, here: Here, who: Advisor):
    """Make one team of two."""
    teams.merge_by_advisor(here.contest(name), who, asked.first, asked.second)
    return {}


@router.post("/hooks/{name}/{secret}", response_model=dict[str, str], tags=["channels"], openapi_extra={
    "requestBody": {"required": True, "content": {"application/json": {"schema": {
        "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}}}})  # fmt: skip
async def hook(name: str, secret: str, here: Here, request: Request):
    """A message from a channel of Teams or Slack, as their outgoing webhooks send it."""
    request.app.state.rates.count("say something from a channel", f"{name} {secret}")
    said = webhooks.parsed(await request.body(), request.headers.get("content-type", ""))
    return await run_in_threadpool(channels.receive, here.contest(name), secret, said)
