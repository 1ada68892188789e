"""Meibel's official Python SDK against a server.

In: the base URL and the key as arguments. Out: one line of JSON with what each call gave, for meibel.test.mjs to judge.
"""

import json
import sys

from meibel import ChatMessageRequest, CreateSessionRequest, MeibelClient
from meibel.exceptions import ApiError

base_url, api_key = sys.argv[1:]
client = MeibelClient(base_url=base_url, api_key=api_key)
told = {}


def plain(value):
    """A model as JSON, with its type, so that a dictionary that was never checked does not pass for one."""
    return {"type": type(value).__name__, **value.model_dump(mode="json", by_alias=True)}


def failed(call):
    try:
        call()
    except ApiError as error:
        return {"type": type(error).__name__, "status": error.status_code, "message": error.message}
    except Exception as error:  # What the SDK lets through from below it.
        return {"type": type(error).__name__}
    return None


def events(stream):
    return [{"event": event.event, "data": json.loads(event.data)} for event in stream]


sessions = client.agents.sessions
by_id = sessions.create("agent_sandbox")
told["created"] = plain(by_id)
session_id = by_id.session_id
body = CreateSessionRequest(prompt="You are", initial_context={"userId": "u1", "X-Key": None}, message_wait_timeout_seconds=60)
by_name = sessions.create_by_name("sandbox-agent", body)
told["created_by_name"] = plain(by_name)
asked = sessions.send_chat_message(by_name.session_id, ChatMessageRequest(user_message="asked"))
told["kept"] = json.loads(asked.response.message)

told["said"] = plain(sessions.send_chat_message(session_id, ChatMessageRequest(user_message="say Héllo 🚀")))
full = ChatMessageRequest(user_message="cite Revenue grew 12%", timeout_seconds=60, include_thinking=True, include_tool_activity=True)
told["cited"] = plain(sessions.send_chat_message(session_id, full))

told["streamed"] = events(sessions.send_chat_message_stream(session_id, user_message="result=text act 1 dïg", timeout_seconds=60, include_thinking=True))
told["deltas"] = events(sessions.send_chat_message_stream(session_id, user_message="style=guide stream 3 20 three small pieces"))
told["error_in_stream"] = events(sessions.send_chat_message_stream(session_id, user_message="throwmid half of it"))

# A session of its own, because the SDK refuses a whole history in which one tool gave an object.
texts = sessions.create("agent_sandbox").session_id
sessions.send_chat_message(texts, ChatMessageRequest(user_message="result=text act 1 dig"))
told["details"] = plain(client.sessions.get(texts))
told["messages"] = plain(client.sessions.get_messages(texts))
told["history_with_an_object"] = failed(lambda: client.sessions.get_messages(session_id))

told["listed"] = [plain(session) for session in sessions.list("agent_sandbox", sort_by="start_time", sort_order="asc")]
told["first_page"] = [session.session_id for session in sessions.list("agent_sandbox", offset=0, limit=2, sort_order="asc")]
told["second_page"] = [session.session_id for session in sessions.list("agent_sandbox", offset=2, limit=2, sort_order="asc")]
told["running"] = len(list(sessions.list("agent_sandbox", status="RUNNING")))
told["failed"] = len(list(sessions.list("agent_sandbox", status="FAILED")))

with open(__file__, "rb") as file:
    stream = sessions.send_chat_message_stream(session_id, file=file, file_name="calls.py", user_message="files")
    told["attached"] = events(stream)[-1]["data"]["data"]["message"]


def say(text):
    return lambda: sessions.send_chat_message(session_id, ChatMessageRequest(user_message=text))


told["errors"] = {
    "key": failed(lambda: MeibelClient(base_url=base_url, api_key="wrong").sessions.get(session_id)),
    "session": failed(lambda: client.sessions.get("sess_no")),
    "name": failed(lambda: sessions.create_by_name("unpublished")),
    "agent_fails": failed(say("throw")),
    "too_late": failed(lambda: sessions.send_chat_message(session_id, ChatMessageRequest(user_message="wait 3000 x", timeout_seconds=1))),
    "too_many": failed(say("fail=429 say x")),
    "values": failed(lambda: list(sessions.list("agent_sandbox", limit=0))),
    "forms": {form: failed(say(f"fail=409 body={form} say x")) for form in ["detail", "code", "nested", "error", "object", "html", "empty"]},
}
print(json.dumps(told))
