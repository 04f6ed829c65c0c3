"""Asks agents by Google's Python client and prints what it makes of the answers.

Standard input is a list of {name, address, turns, contexts}; standard output is an object that
has, under each name, the results of the turns and, where `contexts` names a session, of a walk
through its contexts. It judges nothing.
"""

import json
import sys

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import dialogflow_v2
from google.protobuf.json_format import MessageToDict


def connect(client, address):
    return client(
        credentials=AnonymousCredentials(),
        transport="rest",
        client_options=ClientOptions(api_endpoint=address),
    )


def request(turn):
    if "event" in turn:
        event = {"name": turn["event"], "language_code": turn["language"]}
        if "parameters" in turn:
            event["parameters"] = turn["parameters"]
        asked = {"event": event}
    else:
        asked = {"text": {"text": turn["text"], "language_code": turn["language"]}}
    parameters = {"reset_contexts": turn.get("reset", False)}
    if "timeZone" in turn:
        parameters["time_zone"] = turn["timeZone"]
    if "platform" in turn:
        parameters["platform"] = turn["platform"]
    parameters["contexts"] = [
        {
            "name": context["name"],
            "lifespan_count": context["lifespan"],
            "parameters": context.get("parameters", {}),
        }
        for context in turn.get("contexts", [])
    ]
    return {"session": turn["session"], "query_input": asked, "query_params": parameters}


def attempt(call):
    try:
        return {"response": call()}
    except GoogleAPICallError as error:
        return {"error": {"type": type(error).__name__, "http": int(error.code)}}


def as_json(message):
    return MessageToDict(message._pb)


def walk(address, session):
    client = connect(dialogflow_v2.ContextsClient, address)
    name = f"{session}/contexts/walked"
    context = {"name": name, "lifespan_count": 4, "parameters": {"a": [1, "b"]}}
    yield attempt(lambda: as_json(client.create_context(parent=session, context=context)))
    yield attempt(lambda: [as_json(context) for context in client.list_contexts(parent=session)])
    yield attempt(lambda: as_json(client.get_context(name=name)))
    yield attempt(lambda: client.delete_context(name=name))
    yield attempt(lambda: as_json(client.get_context(name=name)))
    yield attempt(lambda: client.delete_all_contexts(parent=session))
    yield attempt(lambda: [as_json(context) for context in client.list_contexts(parent=session)])


def main():
    results = {}
    for agent in json.load(sys.stdin):
        client = connect(dialogflow_v2.SessionsClient, agent["address"])
        results[agent["name"]] = {
            "turns": [
                attempt(lambda: as_json(client.detect_intent(request=request(turn))))
                for turn in agent["turns"]
            ],
            "contexts": list(walk(agent["address"], agent["contexts"]))
            if agent.get("contexts")
            else [],
        }
    json.dump(results, sys.stdout)


main()
