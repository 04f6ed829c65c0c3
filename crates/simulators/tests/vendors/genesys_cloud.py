"""Drives the simulated Genesys Cloud with the vendor's Python client.

The one argument is a JSON object that says where it is and what is known of it. Every check prints
`ok` or `not ok` and what was checked.
"""

import json
import sys
import urllib.request
from datetime import datetime, timezone
from urllib.parse import urlsplit

import PureCloudPlatformClientV2 as genesys
from PureCloudPlatformClientV2.rest import ApiException

FACTS = json.loads(sys.argv[1])


def check(what, good, seen=None):
    print(f"ok {what}" if good else f"not ok {what}: {seen!r}", flush=True)


def refused(what, status, code, call):
    try:
        call()
        check(what, False, "it was allowed")
    except ApiException as error:
        body = json.loads(error.body)
        seen = (error.status, body.get("code"), body.get("status"))
        check(what, seen == (status, code, status), seen)


def simulator(path, body=None):
    """What a person at the simulator's page would see and do."""
    data = json.dumps(body).encode() if body else None
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{FACTS['base']}/_simulator/{path}", data, headers)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or "null")


def login():
    address = urlsplit(FACTS["base"])
    client = genesys.api_client.ApiClient()
    client.set_gateway(address.hostname, address.scheme, address.port, "", "")
    try:
        client.get_client_credentials_token(FACTS["clientId"], "wrong")
        check("a wrong secret is refused", False)
    except ApiException as error:
        check("a wrong secret is refused", error.status in (400, 401), error.status)
    client.get_client_credentials_token(FACTS["clientId"], FACTS["clientSecret"])
    check("login", bool(client.access_token))
    return client


def now():
    return datetime.now(timezone.utc)


def visitor():
    sender = genesys.OpenMessagingFromRecipient()
    sender.id, sender.id_type, sender.first_name = "python-1", "Opaque", "Ada"
    return sender


def message(text):
    channel = genesys.OpenInboundMessageMessagingChannel()
    channel.pcFrom, channel.time, channel.message_id = visitor(), now(), "m-1"
    body = genesys.OpenInboundNormalizedMessage()
    body.channel, body.text, body.metadata = channel, text, {"bot": "demo"}
    return body


def event():
    channel = genesys.OpenInboundMessagingChannel()
    channel.pcFrom, channel.time = visitor(), now()
    typed = genesys.OpenEvent()
    typed.event_type = "Typing"
    body = genesys.OpenInboundNormalizedEvent()
    body.channel, body.events = channel, [typed]
    return body


def receipt(id):
    to = genesys.OpenMessagingToRecipient()
    to.id = "python-1"
    channel = genesys.OpenInboundMessagingReceiptChannel()
    channel.to, channel.time = to, now()
    body = genesys.OpenInboundNormalizedReceipt()
    body.id, body.channel, body.status = id, channel, "Delivered"
    return body


def inbound(api):
    integration = FACTS["integrationId"]
    said = api.post_conversations_message_inbound_open_message(
        integration, message("my VPN is down 🙂"), prefetch_conversation_id=True
    )
    check("an inbound message", said.type == "Text" and said.text == "my VPN is down 🙂", said)
    check("its conversation, as asked for", bool(said.conversation_id), said)
    again = api.post_conversations_message_inbound_open_message(integration, message("hello?"))
    check("no conversation where not asked for", again.conversation_id is None, again)
    typed = api.post_conversations_message_inbound_open_event(integration, event())
    check("an inbound event", typed.type == "Event" and len(typed.events) == 1, typed)
    refused(
        "an unknown integration", 404, "not.found",
        lambda: api.post_conversations_message_inbound_open_message("none", message("x")),
    )
    empty = message("")
    refused(
        "an empty message", 400, "bad.request",
        lambda: api.post_conversations_message_inbound_open_message(integration, empty),
    )
    return said.conversation_id


def conversation(api, id):
    read = api.get_conversations_message(id)
    purposes = [participant.purpose for participant in read.participants]
    check("a waiting conversation", purposes == ["customer", "acd"], purposes)
    ids = [said.message_id for said in read.participants[0].messages]
    listing = api.post_conversations_message_messages_bulk(id, body=ids)
    texts = [said.normalized_message.text for said in listing.entities]
    check("its messages at once", texts == ["my VPN is down 🙂", "hello?"], texts)
    single = api.get_conversations_message_message(id, ids[0])
    check("one message", single.direction == "inbound" and single.status == "received", single)
    check("the sender's id of it", single.normalized_message.channel.message_id == "m-1", single)


def agent(api, users, id):
    simulator(f"chats/{id}", {"act": "accept", "agent": "Grace"})
    whole = api.get_conversation(id)
    grace = next(each for each in whole.participants if each.purpose == "agent")
    communication = grace.messages[0].id
    name = users.get_user(grace.user_id).name
    check("the agent's name", name == "Grace", name)
    typing = genesys.ConversationEventTyping()
    typing.type, typing.duration = "On", 5000
    body = genesys.MessageTypingEventRequest()
    body.typing = typing
    api.post_conversations_message_communication_typing(id, communication, body)
    check("an agent types", True)
    additional = genesys.AdditionalMessage()
    additional.text_body = "Good morning"
    said = api.post_conversations_message_communication_messages(id, communication, additional)
    check("an agent's message", said.direction == "outbound" and said.messenger_type == "open", said)
    done = api.post_conversations_message_inbound_open_receipt(
        FACTS["integrationId"], receipt(said.id)
    )
    check("a receipt", done.status == "Delivered" and done.direction == "Inbound", done)
    status = api.get_conversations_message_message(id, said.id).status
    check("the message was delivered", status == "delivery-success", status)
    request = genesys.TransferRequest()
    request.queue_id = FACTS["queueId"]
    api.post_conversations_message_participant_replace(id, grace.id, request)
    phase = simulator("chats")["chats"][0]["phase"]
    check("a transfer to the queue", phase == "waiting", phase)


def end(api, id):
    change = genesys.Conversation()
    change.state = "disconnected"
    ended = api.patch_conversations_message(id, change)
    check("a conversation is ended", ended.end_time is not None, ended)
    read = api.get_conversations_message(id)
    states = {participant.state for participant in read.participants}
    check("everybody is gone", states == {"disconnected"}, states)


def notifications(api, id):
    channel = api.post_notifications_channels()
    check("a channel", channel.connect_uri.startswith("ws") and bool(channel.expires), channel)
    topic = genesys.ChannelTopic()
    topic.id = f"v2.detail.events.conversation.{id}.user.start"
    listing = api.put_notifications_channel_subscriptions(channel.id, [topic])
    check("topics are replaced", [each.id for each in listing.entities] == [topic.id], listing)
    second = genesys.ChannelTopic()
    second.id = f"v2.detail.events.conversation.{id}.user.end"
    api.post_notifications_channel_subscriptions(channel.id, [second])
    listing = api.get_notifications_channel_subscriptions(channel.id)
    check("a topic is added", len(listing.entities) == 2, listing)
    listing = api.get_notifications_channels()
    check("the channels are listed", [each.id for each in listing.entities] == [channel.id], listing)


def integrations(api):
    wanted = genesys.OpenIntegrationRequest()
    wanted.name = "Baton"
    wanted.outbound_notification_webhook_url = "https://bridge.example/connectors/genesys"
    wanted.outbound_notification_webhook_signature_secret_token = "longer than fifteen"
    created = api.post_conversations_messaging_integrations_open(wanted)
    check("an integration is created", created.create_status == "Completed", created)
    read = api.get_conversations_messaging_integrations_open_integration_id(created.id)
    url = read.outbound_notification_webhook_url
    check("an integration is read", url == wanted.outbound_notification_webhook_url, read)
    check("they are listed", api.get_conversations_messaging_integrations_open().total == 2)


def main():
    client = login()
    conversations = genesys.ConversationsApi(client)
    id = inbound(conversations)
    conversation(conversations, id)
    notifications(genesys.NotificationsApi(client), id)
    agent(conversations, genesys.UsersApi(client), id)
    end(conversations, id)
    integrations(conversations)
    client.access_token = "unknown"
    refused(
        "an unknown token", 401, "bad.credentials",
        lambda: conversations.get_conversations_message(id),
    )


main()
