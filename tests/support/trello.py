"""A board as Trello's "Export as JSON" writes it."""

from __future__ import annotations

from tests.support.client import JSON

MEMBERS = {"m1": "هدى العلي", "m2": "member"}
COMMENT = "تعليق: نبدأ يوم الأحد، بإذن الله"


def hex_id(kind: int, number: int) -> str:
    return f"{kind:08x}{number:016x}"


def trello(cards: int) -> JSON:
    """The shape of its REST API with nested resources; every part that a board has, in Arabic."""
    lists = [("المهام", False), ("قيد العمل", False), ("Done", False), ("قديم", True)]
    colours = ("green_dark", "sky", "red_light", None)
    made: list[JSON] = []
    checklists: list[JSON] = []
    actions: list[JSON] = []
    for number in range(1, cards + 1):
        id = hex_id(1, number)
        checklists.append(
            {
                "id": hex_id(2, number),
                "name": "قائمة الترجمة",
                "idBoard": hex_id(9, 1),
                "idCard": id,
                "pos": 16384,
                "checkItems": [
                    {
                        "idChecklist": hex_id(2, number),
                        "state": state,
                        "id": hex_id(3, number * 3 + place),
                        "name": f"بند {place}",
                        "pos": 100 - place,
                    }
                    for place, state in enumerate(("complete", "incomplete"))
                ],
            }
        )
        actions.append(
            {
                "id": hex_id(4, number),
                "idMemberCreator": "m1",
                "type": "commentCard",
                "date": "2026-02-01T10:00:00.123Z",
                "data": {"text": COMMENT, "card": {"id": id, "name": "x"}, "board": {"id": hex_id(9, 1)}},
                "memberCreator": {"id": "m1", "username": "huda", "fullName": MEMBERS["m1"]},
            }
        )
        made.append(
            {
                "id": id,
                "idShort": number,
                "name": f"بطاقة رقم {number}: ترجمة الدليل",
                "desc": "## الوصف\n\nنص **طويل** بالعربية و English",
                "idList": f"l{number % 3}",
                "closed": number % 10 == 0,
                "pos": 1_000_000 - number,
                "start": "2026-03-01T09:00:00.000Z",
                "due": "2026-03-05T12:00:00.000Z" if number % 2 else None,
                "dueComplete": number % 5 == 0,
                "dateLastActivity": "2026-02-01T10:00:00.123Z",
                "idMembers": ["m1", "m2"] if number % 2 else [],
                "idLabels": [f"c{number % 4}"],
                "idChecklists": [hex_id(2, number)],
                "badges": {"comments": 1, "attachments": 1},
                "attachments": [
                    {
                        "id": hex_id(5, number),
                        "name": "الدليل.pdf",
                        "url": "https://trello.com/1/x.pdf",
                        "isUpload": True,
                    }
                ],
            }
        )
    actions.append({"id": "a0", "type": "updateCard", "date": "2026-02-01T10:00:00.123Z", "data": {"old": {}}})
    return {
        "id": hex_id(9, 1),
        "name": "ترجمة دليل المتطوع",
        "desc": "",
        "closed": False,
        "prefs": {"background": "blue"},
        "labelNames": {"green": ""},
        "lists": [
            {"id": f"l{place}", "name": name, "closed": closed, "pos": 1000.5 * place}
            for place, (name, closed) in enumerate(lists)
        ],
        "labels": [
            {"id": f"c{place}", "name": "" if place == 0 else f"وسم {place}", "color": colour}
            for place, colour in enumerate(colours)
        ],
        "members": [{"id": id, "fullName": name, "username": id} for id, name in MEMBERS.items()],
        "cards": made,
        "checklists": checklists,
        "actions": actions,
    }
