"""pysnow and aiosnow, clients in the field, at the simulated Table API.

usage: servicenow.py BASE, where BASE is the origin of a simulator with its default options
"""

import asyncio
import os
import sys

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback has no TLS

import aiosnow
import pysnow
import pysnow.exceptions
from aiosnow import fields
from aiosnow.models import TableModel

USER, PASSWORD = "integration", "integration's password"
CLIENT, SECRET = "client", "client's secret"


def by_pysnow(client, name):
    incidents = client.resource(api_path="/table/incident")
    groups = client.resource(api_path="/table/sys_user_group")
    group = groups.get(query={"name": "Network"}).one()
    made = incidents.create(
        payload={
            "short_description": "VPN",
            "correlation_id": name,
            "assignment_group": group["sys_id"],
            "comments": "first",
        }
    ).one()
    assert made["number"].startswith("INC"), made
    assert made["assignment_group"]["value"] == group["sys_id"], made
    assert made["comments"] == "", made

    incidents.update(query={"sys_id": made["sys_id"]}, payload={"comments": "second", "urgency": "1"})
    query = (
        pysnow.QueryBuilder()
        .field("correlation_id").equals([name, "none"])
        .AND()
        .field("urgency").equals("1")
    )
    found = incidents.get(query=query, fields=["number", "urgency"]).all()
    assert found == [{"number": made["number"], "urgency": "1"}], found

    journal = client.resource(api_path="/table/sys_journal_field")
    entries = journal.get(
        query=f"element_id={made['sys_id']}^elementINcomments^ORDERBYsys_created_on"
    )
    assert [entry["value"] for entry in entries.all()] == ["first", "second"]

    # Parameters of a call stay with its resource.
    incidents = client.resource(api_path="/table/incident")
    other = incidents.create(payload={"correlation_id": name}).one()
    pages = incidents.get(query={"correlation_id": name}, limit=1, offset=1).all()
    assert len(pages) == 1, pages
    incidents = client.resource(api_path="/table/incident")
    assert incidents.delete(query={"sys_id": other["sys_id"]})["status"] == "record deleted"
    assert incidents.get(query={"sys_id": other["sys_id"]}).one_or_none() is None


def refused(host):
    wrong = pysnow.Client(host=host, user=USER, password="wrong", use_ssl=False)
    try:
        wrong.resource(api_path="/table/incident").get(query={}).all()
    except Exception as error:  # its own type differs from release to release
        assert "401" in str(error) or "Authenticated" in str(error), error
    else:
        raise AssertionError("wrong credentials were taken")


def by_oauth(host):
    client = pysnow.OAuthClient(
        client_id=CLIENT, client_secret=SECRET, host=host, use_ssl=False
    )
    client.set_token(client.generate_token(USER, PASSWORD))
    by_pysnow(client, "c-oauth")
    # A token that is over: the client renews it by itself.
    renewed = []
    client.token_updater = renewed.append
    client.set_token({**client.token, "expires_at": 1.0, "expires_in": -1})
    client.resource(api_path="/table/incident").get(query={"correlation_id": "c-oauth"}).all()
    assert renewed and renewed[0]["access_token"], renewed
    try:
        client.generate_token(USER, "wrong")
    except pysnow.exceptions.TokenCreateError:
        pass
    else:
        raise AssertionError("a token for a wrong password")


class Incidents(TableModel):
    sys_id = fields.String(is_primary=True)
    number = fields.String()
    short_description = fields.String()
    description = fields.String()
    correlation_id = fields.String()


async def by_aiosnow(address):
    client = aiosnow.Client(address=address, basic_auth=(USER, PASSWORD), use_ssl=False)
    async with Incidents(client, table_name="incident") as incidents:
        made = await incidents.create(
            {"short_description": "mail", "correlation_id": "c-aiosnow"}
        )
        number = made["number"]
        await incidents.update(made["sys_id"], {"description": "more \U0001f600"})
        found = await incidents.get_one(Incidents.correlation_id == "c-aiosnow")
        assert found["number"] == number, found.data
        assert found["description"] == "more \U0001f600", found.data
        many = await incidents.get(Incidents.short_description.starts_with("ma"))
        assert [one["number"] for one in many] == [number], many.data
        await incidents.delete(made["sys_id"])
        gone = await incidents.get(Incidents.correlation_id == "c-aiosnow")
        assert not gone.data, gone.data


def main():
    address = sys.argv[1].removeprefix("http://").rstrip("/")
    basic = pysnow.Client(host=address, user=USER, password=PASSWORD, use_ssl=False)
    by_pysnow(basic, "c-basic")
    refused(address)
    by_oauth(address)
    asyncio.run(by_aiosnow(address))
    print("servicenow: pysnow and aiosnow agree")


main()
