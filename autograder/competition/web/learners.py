"""What a team does: look, get the inputs, gather, hand in, write and ask."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Request, Response
from fastapi.responses import FileResponse
from sqlalchemy import select

from .. import board, entries, messages, teams, uploads
from ..people import Caller
from ..tables import Member as Membership
from ..tables import Team as TeamRow
from . import shapes as s
from .identity import Here, Member, Reader, may

router = APIRouter(prefix="/api", responses=s.FAULTS)

JoinsIn = Annotated[Caller, Depends(may("submit", "try a code"))]
Sends = Annotated[Caller, Depends(may("submit", "send a piece"))]
HandsIn = Annotated[Caller, Depends(may("submit", "hand in"))]
Posts = Annotated[Caller, Depends(may("submit", "post"))]


@router.get("/competitions", response_model=list[s.Rules])
def competitions(here: Here):
    """All competitions, and their rules."""
    return [contest.told() for contest in here.contests.values()]


@router.get("/me", response_model=s.Me)
def me(here: Here, who: Reader):
    """Who the service takes you for, and your teams."""
    with here.store.reading() as session:
        found = session.execute(select(Membership.competition, TeamRow.name).join(TeamRow, TeamRow.id == Membership.team_id)
                                .where(Membership.person_id == who.person_id))
        return {"name": who.name, "scope": who.scope, "teams": dict(found.all())}


@router.get("/competitions/{name}", response_model=s.Rules)
def rules(name: str, here: Here):
    """The rules of a competition."""
    return here.contest(name).told()


@router.get("/competitions/{name}/board", response_model=s.Board, responses={304: {"description": "as you know it"}})
async def the_board(name: str, here: Here, request: Request):
    """The board. With `If-None-Match` it says nothing while nothing has changed."""
    page = await request.app.state.boards.page(here.contest(name))
    headers = {"etag": page.etag, "cache-control": "no-cache"}
    if page.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(page.body, media_type="application/json", headers=headers)


@router.get("/competitions/{name}/inputs.zip", response_class=FileResponse,
            responses={200: {"content": {"application/zip": {}}}, 206: {"description": "the rest, after `Range`"},
                       400: {"description": "`Range` is not understood"}, 416: {"description": "`Range` is past the end"}})
def inputs(name: str, here: Here, who: Reader):
    """What learners get. Its SHA-256 stands in the rules."""
    contest = here.contest(name)
    return FileResponse(contest.zip, media_type="application/zip", filename=f"{contest.name}-inputs.zip",
                        headers={"etag": f'"{contest.inputs_sha256}"'})


@router.get("/competitions/{name}/team", response_model=s.Team)
def team(name: str, here: Here, who: Reader):
    """Your team, and its entries."""
    return board.team_page(here.contest(name), who)


@router.post("/competitions/{name}/teams", response_model=s.Team, status_code=201)
def make_team(name: str, asked: s.NewTeam, here: Here, who: Member):
    """Make a team with you in it."""
    return teams.create(here.contest(name), who, asked.name, asked.time_zone)


@router.post("/competitions/{name}/team/join", response_model=s.Team)
def join(name: str, asked: s.Code, here: Here, who: JoinsIn):
    """Join the team whose code it is."""
    return teams.join(here.contest(name), who, asked.code)


@router.post("/competitions/{name}/team/merge", response_model=s.Team)
def merge(name: str, asked: s.Code, here: Here, who: JoinsIn):
    """Make one team of yours and the one whose code it is."""
    return teams.merge(here.contest(name), who, asked.code)


@router.post("/competitions/{name}/team/leave", response_model=s.Nothing)
def leave(name: str, asked: s.Nothing, here: Here, who: Member):
    """Leave your team; its entries stay with it."""
    teams.leave(here.contest(name), who)
    return {}


@router.post("/competitions/{name}/team/code", response_model=s.NewCode)
def renew_code(name: str, asked: s.Nothing, here: Here, who: Member):
    """Another code for your team: the old one lets nobody in any more."""
    return teams.renew_code(here.contest(name), who)


@router.put("/competitions/{name}/team/notes", response_model=s.Team)
def notes(name: str, asked: s.Notes, here: Here, who: Member):
    """Write your team's notes."""
    return teams.write_notes(here.contest(name), who, asked.text)


@router.put("/competitions/{name}/team/finals", response_model=list[s.Entry])
def finals(name: str, asked: s.Finals, here: Here, who: Member):
    """Choose the entries of which the best private score counts."""
    return entries.choose_finals(here.contest(name), who, asked.entries)


@router.post("/competitions/{name}/uploads", response_model=s.Upload, status_code=201)
def announce(name: str, asked: s.NewUpload, here: Here, who: Member):
    """Announce a file; the same one again goes on where it stopped."""
    return uploads.begin(here.contest(name), who, asked.sha256, asked.size, asked.name)


@router.get("/competitions/{name}/uploads/{upload}", response_model=s.Upload)
def upload_state(name: str, upload: str, here: Here, who: Member):
    """How much of a file is here."""
    return uploads.state(here.contest(name), who, upload)


@router.patch("/competitions/{name}/uploads/{upload}", response_model=s.Upload)
def add(name: str, upload: str, here: Here, who: Sends,
        piece: Annotated[bytes, Body(media_type="application/octet-stream")],
        upload_offset: Annotated[int, Header(ge=0, le=2**53)]):
    """Send the next piece, at most 4 MiB, which begins at byte `Upload-Offset`."""
    return uploads.add(here.contest(name), who, upload, upload_offset, piece)


@router.post("/competitions/{name}/entries", response_model=s.Entry, status_code=201,
             responses={200: {"model": s.Entry, "description": "your team has handed in this very file before"}})
def hand_in(name: str, asked: s.NewEntry, here: Here, who: HandsIn, response: Response):
    """Make an entry of a whole upload. What has a receipt is not lost."""
    entry, new = entries.hand_in(here.contest(name), who, asked.upload, asked.tried, asked.learned)
    if new:
        here.worker.nudge()
    else:
        response.status_code = 200
    return entry


@router.get("/competitions/{name}/entries/{entry}", response_model=s.Entry)
def entry(name: str, entry: int, here: Here, who: Reader):
    """An entry of your team."""
    return entries.one(here.contest(name), who, entry)


@router.put("/competitions/{name}/entries/{entry}/card", response_model=s.Entry)
def write_card(name: str, entry: int, asked: s.Card, here: Here, who: Member):
    """Write what was tried and what was learned."""
    return entries.write_card(here.contest(name), who, entry, asked.tried, asked.learned)


@router.get("/competitions/{name}/cards", response_model=list[s.TeamCard])
def cards(name: str, here: Here, who: Reader):
    """Everybody's model cards, after the end."""
    return entries.cards(here.contest(name))


@router.get("/competitions/{name}/messages", response_model=list[s.Message])
def listed(name: str, here: Here, who: Reader):
    """Announcements, questions and answers."""
    return messages.listed(here.contest(name))


@router.post("/competitions/{name}/messages", response_model=s.Message, status_code=201)
def post(name: str, asked: s.NewMessage, here: Here, who: Posts):
    """Ask or answer; an advisor also announces."""
    return messages.post(here.contest(name), who, asked.kind, asked.text, asked.about)
