"""pysnow and aiosnow, clients in the field, judge the simulated Table API of ServiceNow.

usage: servicenow.py FACTS, a JSON object with `base`, the origin of a fresh simulator, and its
`username`, `password`, `clientId` and `clientSecret`. Prints `ok` or `not ok` for every check.
"""

import asyncio
import json
import os
import sys
import traceback

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback has no TLS

import aiosnow
import pysnow
import pysnow.exceptions
from aiosnow import fields
from aiosnow.models import TableModel

FACTS = json.loads(sys.argv[1])
HOST = FACTS["base"].removeprefix("http://").rstrip("/")
USER, PASSWORD = FACTS["username"], FACTS["password"]


def basic():
    return pysnow.Client(host=HOST, user=USER, password=PASSWORD, use_ssl=False)


def oauth():
    client = pysnow.OAuthClient(
        client_id=FACTS["clientId"],
        client_secret=FACTS["clientSecret"],
        host=HOST,
        use_ssl=False,
    )
    client.set_token(client.generate_token(USER, PASSWORD))
    return client


def create_with_reference(client, name):
    group = client.resource(api_path="/table/sys_user_group").get(query={"name": "Network"}).one()
    incident = {
        "short_description": "VPN",
        "correlation_id": name,
        "assignment_group": group["sys_id"],
        "comments": "first",
    }
    made = client.resource(api_path="/table/incident").create(payload=incident).one()
    assert made["number"].startswith("INC"), made
    assert made["assignment_group"]["value"] == group["sys_id"], made
    assert made["comments"] == "", "a journal field is only written"
    return made


def update_and_query(client, name, made):
    incidents = client.resource(api_path="/table/incident")
    change = {"comments": "second", "urgency": "1"}
    incidents.update(query={"sys_id": made["sys_id"]}, payload=change)
    query = (
        pysnow.QueryBuilder()
        .field("correlation_id").equals([name, "none"])
        .AND()
        .field("urgency").equals("1")
    )
    found = incidents.get(query=query, fields=["number", "urgency"]).all()
    assert found == [{"number": made["number"], "urgency": "1"}], found


def journal_in_order(client, _name, made):
    journal = client.resource(api_path="/table/sys_journal_field")
    query = f"element_id={made['sys_id']}^elementINcomments^ORDERBYsys_created_on"
    assert [entry["value"] for entry in journal.get(query=query).all()] == ["first", "second"]


def page_and_delete(client, name, _made):
    other = client.resource(api_path="/table/incident").create(payload={"correlation_id": name}).one()
    # Parameters of a call stay with its resource.
    paged = client.resource(api_path="/table/incident")
    assert len(paged.get(query={"correlation_id": name}, limit=1, offset=1).all()) == 1
    incidents = client.resource(api_path="/table/incident")
    assert incidents.delete(query={"sys_id": other["sys_id"]})["status"] == "record deleted"
    assert incidents.get(query={"sys_id": other["sys_id"]}).one_or_none() is None


def wrong_password():
    wrong = pysnow.Client(host=HOST, user=USER, password="wrong", use_ssl=False)
    try:
        wrong.resource(api_path="/table/incident").get(query={}).all()
    except Exception as error:  # its own type differs from release to release
        assert "401" in str(error) or "Authenticated" in str(error), error
    else:
        raise AssertionError("a wrong password was taken")


def renewed_token():
    client, renewed = oauth(), []
    client.token_updater = renewed.append
    client.set_token({**client.token, "expires_at": 1.0, "expires_in": -1})
    client.resource(api_path="/table/incident").get(query={"correlation_id": "x"}).all()
    assert renewed and renewed[0]["access_token"], renewed


def token_for_wrong_password():
    try:
        oauth().generate_token(USER, "wrong")
    except pysnow.exceptions.TokenCreateError:
        return
    raise AssertionError("a token for a wrong password")


class Incidents(TableModel):
    sys_id = fields.String(is_primary=True)
    number = fields.String()
    short_description = fields.String()
    description = fields.String()
    correlation_id = fields.String()


async def whole_life_by_aiosnow():
    client = aiosnow.Client(address=HOST, basic_auth=(USER, PASSWORD), use_ssl=False)
    async with Incidents(client, table_name="incident") as incidents:
        made = await incidents.create({"short_description": "mail", "correlation_id": "c-aio"})
        await incidents.update(made["sys_id"], {"description": "more \U0001f600"})
        found = await incidents.get_one(Incidents.correlation_id == "c-aio")
        assert found["number"] == made["number"], found.data
        assert found["description"] == "more \U0001f600", found.data
        many = await incidents.get(Incidents.short_description.starts_with("ma"))
        assert [one["number"] for one in many] == [made["number"]], many.data
        await incidents.delete(made["sys_id"])
        gone = await incidents.get(Incidents.correlation_id == "c-aio")
        assert not gone.data, gone.data


def check(name, judge, *facts):
    try:
        result = judge(*facts)
    except Exception:
        print(f"not ok {name}")
        traceback.print_exc()
        return None
    print(f"ok {name}")
    return result


def main():
    for way, connect in [("basic", basic), ("oauth", oauth)]:
        client, name = connect(), f"c-{way}"
        made = check(f"pysnow {way} create", create_with_reference, client, name)
        for judge in [update_and_query, journal_in_order, page_and_delete]:
            check(f"pysnow {way} {judge.__name__}", judge, client, name, made)
    for judge in [wrong_password, renewed_token, token_for_wrong_password]:
        check(f"pysnow {judge.__name__}", judge)
    check("aiosnow whole life", lambda: asyncio.run(whole_life_by_aiosnow()))


main()
