// A program that handles every kind of event and of error compiles only as long as it handles them all.
import type { AgentlineError, Message, ReplyEvent, Session } from "agentline";

function nothingElse(value: never): never {
  throw new Error(`${value} is not known`);
}

export function words(event: ReplyEvent): string {
  switch (event.type) {
    case "start":
      return event.messageId ?? "";
    case "content":
    case "thinking":
      return event.delta;
    case "status":
      return event.text;
    case "tool_call":
      return `${event.id} ${event.name} ${JSON.stringify(event.arguments)}`;
    case "tool_result":
      return `${event.id} ${event.name} ${JSON.stringify(event.result)}`;
    case "citations":
      return `${event.citations.length} ${event.sources?.map(({ title }) => title).join()}`;
    case "replace":
      return event.text;
    case "done":
      return event.reply.message.text;
    case "other":
      return `${event.event} ${JSON.stringify(event.data)}`;
    default:
      return nothingElse(event);
  }
}

export function advice({ kind }: AgentlineError): string {
  switch (kind) {
    case "config":
    case "network":
    case "timeout":
    case "unauthorized":
    case "forbidden":
    case "not_found":
    case "expired":
    case "invalid":
    case "rate_limited":
    case "server":
    case "agent":
    case "protocol":
    case "truncated":
    case "too_large":
    case "unsupported":
      return kind;
    default:
      return nothingElse(kind);
  }
}

export function light({ status }: Session): string {
  switch (status) {
    case "active":
    case "running":
    case "waiting":
    case "completed":
    case "failed":
    case "cancelled":
    case "expired":
    case "unknown":
      return status;
    default:
      return nothingElse(status);
  }
}

export function side({ role }: Message): string {
  switch (role) {
    case "user":
    case "assistant":
    case "tool":
    case "system":
    case "unknown":
      return role;
    default:
      return nothingElse(role);
  }
}
