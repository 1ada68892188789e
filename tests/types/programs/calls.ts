// Every call of the API as a program in strict TypeScript makes it. Compiled, not run.
import {
  AgentlineError,
  type Backend,
  type CallOptions,
  type Capabilities,
  type Client,
  type ConnectOptions,
  type Conversation,
  type ConversationMessage,
  type ConversationSnapshot,
  type CreateSession,
  connect,
  createConversation,
  type Delivery,
  type EventStream,
  isAgentlineError,
  type ListSessions,
  type Message,
  type MessagePage,
  type MessageQuery,
  type OpenOptions,
  type OutgoingMessage,
  openEvents,
  type ReadOptions,
  type Reply,
  type ReplyEvent,
  type ReplyStream,
  type ResumeQuery,
  readEvents,
  type SendOptions,
  type ServerSentEvent,
  type Session,
  type SessionStatus,
  type Source,
  signIn,
  type WebAssemblyModule,
} from "agentline";
import * as inline from "agentline/inline";
import {
  createSandbox,
  type Fault,
  type Faults,
  type Sandbox,
  type SandboxOptions,
} from "agentline/sandbox";

/** Exactly this type: neither wider nor narrower. */
function exactly<Expected>() {
  return <Given>(
    _value: Given,
    ..._proof: (<T>() => T extends Given ? 1 : 2) extends <T>() => T extends Expected ? 1 : 2
      ? []
      : [never]
  ): void => {};
}

export async function everyOption(signal: AbortSignal): Promise<Client> {
  const options: ConnectOptions = {
    backend: "eliza",
    baseUrl: "http://127.0.0.1:3000",
    apiKey: async () => "key",
    userId: "aaaaaaaa-0000-4000-8000-000000000001",
    fetch: globalThis.fetch,
    headers: { "x-one": "1" },
    timeout: 60_000,
    idleTimeout: 60_000,
    maxRetries: 2,
    maxEventBytes: 8 * 1024 * 1024,
    maxBodyBytes: 64 * 1024 * 1024,
    allowBrowserKey: false,
  };
  await connect({ ...options, apiKey: "key" });
  await connect({ ...options, apiKey: () => "key" });
  await connect({ backend: "meibel" });
  await connect({ backend: "agentcloud", team: "0123456789abcdef01234567", live: false });
  const call: CallOptions = { signal, timeout: 1_000, headers: { "x-two": "2" } };
  await (await connect(options)).getSession("id", call);
  return await connect(options);
}

export async function givenModule(bytes: ArrayBuffer, compiled: WebAssemblyModule): Promise<void> {
  const view = new Uint8Array(bytes);
  const url = new URL("http://127.0.0.1/a.wasm");
  for (const wasm of [bytes, view, compiled, new Response(bytes), url])
    await connect({ backend: "meibel", wasm });
}

export function signedIn(signal: AbortSignal): void {
  const who = { email: "alice@example.com", password: "secret" };
  exactly<Promise<string>>()(signIn(who));
  const where = { baseUrl: "http://127.0.0.1:3000", headers: { "x-one": "1" } };
  exactly<Promise<string>>()(
    signIn({ ...who, ...where, fetch: globalThis.fetch, timeout: 1, maxRetries: 0, signal }),
  );
}

/** The same types, and not only alike: an error of one entry is one of the other. */
export function inlined(): void {
  exactly<typeof connect>()(inline.connect);
  exactly<typeof signIn>()(inline.signIn);
  exactly<typeof readEvents>()(inline.readEvents);
  exactly<typeof openEvents>()(inline.openEvents);
  exactly<typeof isAgentlineError>()(inline.isAgentlineError);
  exactly<typeof AgentlineError>()(inline.AgentlineError);
  const event: inline.ReplyEvent = { type: "content", delta: "" };
  exactly<ReplyEvent>()(event as ReplyEvent);
}

export function capabilities(client: Client): void {
  exactly<Backend>()(client.backend);
  const given: Capabilities = client.capabilities;
  exactly<"sse" | "poll">()(given.stream);
  exactly<"server" | "client">()(given.before);
  exactly<"server" | "client">()(given.after);
  exactly<boolean>()(given.list);
  exactly<boolean>()(given.delete);
  exactly<boolean>()(given.cancel);
  exactly<boolean>()(given.renew);
  exactly<boolean>()(given.start);
  exactly<boolean>()(given.variables);
  exactly<boolean>()(given.files);
  exactly<boolean>()(given.storesStreamedReplies);
  exactly<boolean>()(given.exactDelivery);
}

export async function sessions(client: Client): Promise<void> {
  const input: CreateSession = {
    agentId: "agent",
    userId: "user",
    metadata: { any: { json: [null, 1, "two"] } },
    backendOptions: { timeoutConfig: { timeoutMinutes: 5 } },
  };
  const session: Session = await client.createSession(input, { timeout: 5_000 });
  await client.createSession({ agentName: "name", prompt: "hello", variables: { a: "b" } });
  await client.createSession({});
  exactly<string>()(session.id);
  exactly<Backend>()(session.backend);
  exactly<SessionStatus>()(session.status);
  exactly<string | undefined>()(session.agentId);
  exactly<string | undefined>()(session.agentName);
  exactly<string | undefined>()(session.backendStatus);
  exactly<string | undefined>()(session.createdAt);
  exactly<string | undefined>()(session.expiresAt);
  exactly<Record<string, unknown> | undefined>()(session.metadata);
  exactly<unknown>()(session.raw);
  exactly<Promise<Session>>()(client.getSession(session.id));
  exactly<Promise<Session>>()(client.renewSession(session.id));
  exactly<Promise<void>>()(client.deleteSession(session.id));
  exactly<Promise<void>>()(client.cancelSession(session.id));
  exactly<Promise<void>>()(client.startSession(session.id));
  exactly<Promise<void>>()(client.setVariables(session.id, { a: "b" }, { timeout: 1 }));
  const query: ListSessions = { agentId: "agent", status: "active", limit: 10 };
  for await (const listed of client.listSessions(query)) exactly<Session>()(listed);
  for await (const listed of client.listSessions()) exactly<Session>()(listed);
}

export async function sending(client: Client, blob: Blob): Promise<Reply> {
  const message: OutgoingMessage = {
    text: "hello",
    files: [blob, new File([], "empty.txt")],
    metadata: { a: null },
    answerTimeout: 90_000,
    includeThinking: true,
    includeToolActivity: true,
    backendOptions: { attachments: [] },
  };
  exactly<Promise<Reply>>()(client.sendMessage("id", "hello"));
  const reply = await client.sendMessage("id", message, { timeout: 1 });
  exactly<Message>()(reply.message);
  exactly<unknown[] | undefined>()(reply.citations);
  exactly<Source[] | undefined>()(reply.sources);
  exactly<Record<string, unknown> | undefined>()(reply.usage);
  exactly<string | undefined>()(reply.thinking);
  exactly<unknown>()(reply.raw);
  return reply;
}

export async function streaming(client: Client, controller: AbortController): Promise<void> {
  const stream: ReplyStream = client.streamMessage("id", "hello", { signal: controller.signal });
  for await (const event of stream) exactly<ReplyEvent>()(event);
  exactly<Promise<string>>()(client.streamMessage("id", { text: "hello" }).text());
  exactly<Promise<Reply>>()(client.streamMessage("id", "hello").reply());
  exactly<ReadableStream<ReplyEvent>>()(client.streamMessage("id", "hello").toReadableStream());
  stream.abort();
  stream.abort(new Error("enough"));
}

/** What each event holds; that there is no other, exhaustive.ts shows. */
export function eventFields(event: ReplyEvent): void {
  if (event.type === "start") {
    exactly<string | undefined>()(event.messageId);
    exactly<Message | undefined>()(event.message);
  }
  if (event.type === "content" || event.type === "thinking") exactly<string>()(event.delta);
  if (event.type === "status" || event.type === "replace") exactly<string>()(event.text);
  if (event.type === "tool_call") exactly<unknown>()(event.arguments);
  if (event.type === "tool_result") exactly<unknown>()(event.result);
  if (event.type === "tool_call" || event.type === "tool_result") {
    exactly<string | undefined>()(event.id);
    exactly<string | undefined>()(event.name);
  }
  if (event.type === "citations") {
    exactly<unknown[]>()(event.citations);
    exactly<Source[] | undefined>()(event.sources);
  }
  if (event.type === "done") exactly<Reply>()(event.reply);
  if (event.type === "other") {
    exactly<string | undefined>()(event.event);
    exactly<unknown>()(event.data);
  }
  const content: ReplyEvent.content = { type: "content", delta: "by its own name" };
  exactly<"content">()(content.type);
}

export function source(source: Source): void {
  exactly<string | undefined>()(source.id);
  exactly<string | undefined>()(source.title);
  exactly<string | undefined>()(source.url);
  exactly<string | undefined>()(source.snippet);
  exactly<number | undefined>()(source.score);
  exactly<unknown>()(source.raw);
}

export async function history(client: Client): Promise<void> {
  const query: MessageQuery = { limit: 50, before: "cursor", after: 1_700_000_000_000 };
  const page: MessagePage = await client.getMessages("id", { ...query, after: new Date() });
  await client.getMessages("id");
  exactly<Message[]>()(page.messages);
  exactly<boolean>()(page.hasMore);
  exactly<number | undefined>()(page.gap?.timestamp);
  exactly<string | undefined>()(page.cursors.before);
  exactly<string | undefined>()(page.cursors.after);
  const older = await client.getMessages("id", { before: page.cursors.before });
  exactly<MessagePage>()(older);
  const all = client.messages("id", { ...query, direction: "backward" });
  for await (const message of all) exactly<Message>()(message);
  for await (const message of client.messages("id", { direction: "forward" })) one(message);
  for await (const message of client.messages("id")) one(message);
  for await (const message of client.followMessages("id", { after: page.cursors.after }))
    one(message);
  for await (const message of client.followMessages("id")) one(message);
}

function one(message: Message): void {
  exactly<string>()(message.id);
  exactly<"user" | "assistant" | "tool" | "system" | "unknown">()(message.role);
  exactly<string>()(message.text);
  exactly<string | undefined>()(message.createdAt);
  exactly<number | undefined>()(message.timestamp);
  exactly<string | undefined>()(message.author?.id);
  exactly<string | undefined>()(message.author?.name);
  exactly<string | undefined>()(message.toolCall?.id);
  exactly<string | undefined>()(message.toolCall?.name);
  exactly<unknown>()(message.toolCall?.arguments);
  exactly<string | undefined>()(message.toolResult?.id);
  exactly<string | undefined>()(message.toolResult?.name);
  exactly<unknown>()(message.toolResult?.result);
  exactly<unknown[] | undefined>()(message.citations);
  exactly<Source[] | undefined>()(message.sources);
  exactly<boolean>()(message.complete);
  exactly<Record<string, unknown> | undefined>()(message.metadata);
  exactly<unknown>()(message.raw);
}

export async function events(response: Response, controller: AbortController): Promise<void> {
  const options: ReadOptions = {
    signal: controller.signal,
    idleTimeout: 1_000,
    maxEventBytes: 1_024,
    lastEventId: "7",
    dispatchUnfinished: false,
    onComment: (text) => exactly<string>()(text),
  };
  const stream: EventStream = readEvents(response, options);
  for await (const event of stream) {
    exactly<ServerSentEvent>()(event);
    exactly<{ event: string; data: string; id: string }>()({ ...event });
  }
  exactly<string>()(stream.lastEventId);
  exactly<number | undefined>()(stream.retry);
  stream.abort();
  if (response.body) readEvents(response.body);
}

export function opened(options: ReadOptions): void {
  const all: OpenOptions = {
    ...options,
    method: "POST",
    headers: { "x-one": "1" },
    body: "question",
    fetch: globalThis.fetch,
    reconnect: { maxAttempts: 3, maxDelay: 1_000 },
  };
  exactly<EventStream>()(openEvents("http://127.0.0.1:3000", all));
  openEvents(new URL("http://127.0.0.1:3000"), { reconnect: true, headers: () => new Headers() });
  openEvents(new Request("http://127.0.0.1:3000"), {
    headers: async () => [["x-one", "1"]],
    body: new Uint8Array(1),
  });
}

export function errors(error: unknown): string | undefined {
  if (error instanceof AgentlineError) return error.message;
  if (!isAgentlineError(error)) return undefined;
  exactly<AgentlineError>()(error);
  exactly<"AgentlineError">()(error.name);
  exactly<Backend | undefined>()(error.backend);
  exactly<unknown>()(error.cause);
  exactly<number | undefined>()(error.status);
  exactly<string | undefined>()(error.code);
  exactly<string | undefined>()(error.requestId);
  exactly<boolean>()(error.retryable);
  exactly<number | undefined>()(error.retryAfter);
  exactly<Reply | undefined>()(error.partial);
  exactly<Record<string, string> | undefined>()(error.headers);
  exactly<"no" | "unknown" | "yes" | undefined>()(error.delivered);
  exactly<unknown>()(error.body);
  for (const issue of error.issues ?? []) {
    exactly<(string | number)[]>()(issue.path);
    exactly<string>()(issue.message);
    exactly<string | undefined>()(issue.code);
  }
  return error.stack;
}

export async function sandbox(): Promise<Client> {
  const cut: Fault = { fault: "cut", at: 7, clean: true, backend: "eliza", nth: 2 };
  const faults: Faults = { rules: [cut, { fault: "bom", chance: 0.5 }], seed: 1 };
  const options: SandboxOptions = { latency: 5, seed: 7, keys: ["key"], faults };
  const made: Sandbox = createSandbox(options);
  made.setFaults([{ fault: "skew", ms: -5, operation: "sendMessage", session: "s" }]);
  const agentId: string = made.agentId("eliza");
  const response: Response = await made.fetch(new Request("http://localhost/"));
  await response.text();
  const client = await connect(createSandbox().connectOptions("eliza"));
  await client.createSession({ agentId });
  return client;
}

export async function aConversation(client: Client, create: CreateSession): Promise<void> {
  const none: Conversation = createConversation(client);
  none.close();
  const initial: readonly ConversationMessage[] = none.getSnapshot().messages;
  const options = { create, initial, pageSize: 20, renew: false };
  const conversation = createConversation(client, null, options);
  const { subscribe, getSnapshot, getServerSnapshot, send, stop, retry, remove } = conversation;
  exactly<ConversationSnapshot>()(getSnapshot());
  exactly<ConversationSnapshot>()(getServerSnapshot());
  // as React calls it, and as Svelte does
  const leave: () => void = subscribe(() => {});
  subscribe(({ state, messages, hasOlder, error, session, sessionId, gaps }) => {
    exactly<Session | undefined>()(session);
    exactly<string | undefined>()(sessionId);
    exactly<AgentlineError | undefined>()(error);
    console.log(state === "reconnecting", hasOlder, gaps?.length);
    for (const { key, text, delivery, live, activity } of messages) {
      console.log(key, text, delivery === "unknown", live === "stopped");
      for (const one of activity ?? []) if (one.type === "tool_call") console.log(one.name);
    }
  });
  await send("a text");
  await send({ text: "a text", files: [] });
  stop();
  await retry("a message");
  remove("a message");
  await conversation.loadOlder();
  conversation.refresh();
  await conversation.renew();
  await conversation.restart();
  await conversation.restart(create);
  await conversation.restart(() => client.createSession(create));
  leave();
  conversation.close();
  exactly<typeof createConversation>()(inline.createConversation);
}

/** How far a message is, and its answer found again. */
export async function deliver(client: Client, session: Session, shown: string): Promise<void> {
  const states: Delivery[] = [];
  const options: SendOptions = {
    redeliver: "when-absent",
    resume: true,
    clientMessageId: "mine",
    onDelivery: (state) => states.push(state),
    timeout: 1_000,
  };
  const stream = client.streamMessage(session.id, "hello", options);
  const state: "queued" | "sending" | "delivered" | "unknown" | "failed" = stream.delivery;
  const id: string = stream.clientMessageId;
  await client.sendMessage(session.id, "hello", { redeliver: "never", resume: undefined });
  const query: ResumeQuery = { after: new Date(), shown, answerTimeout: 30_000 };
  const found: ReplyStream = client.resumeReply(session.id, query, { timeout: 1_000 });
  for await (const message of client.messages(session.id)) {
    const mark: string | undefined = message.clientMessageId;
    console.log(mark, id, state, states, found.delivery);
  }
  await client.resumeReply(session.id).text();
}
