// In: the rows of a table that hold messages and replies, and the body of the answer that they came in. Out: both as
// callers see them. `message.rs` writes those rows; the two change together.

const NONE = 0xffffffff;
const RANGE = 0xfffffffd;
const ROLES = ["user", "assistant", "tool", "system", "unknown"];
// a number holds the role and, above it, what else there is
const ROLE = 7;
const COMPLETE = 8;
const AUTHOR = 16;
const CALL = 32;
const RESULT = 64;
const RARE = 128;
const MARKED = 256;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const halves = new Uint32Array(2);
const whole = new Float64Array(halves.buffer);

export function message(pieces) {
  const about = pieces.number();
  const id = pieces.piece();
  const text = pieces.written();
  const createdAt = pieces.optional();
  halves[0] = pieces.number();
  halves[1] = pieces.number();
  const author = about & AUTHOR ? named(pieces) : undefined;
  const complete = (about & COMPLETE) !== 0;
  const message = new Told(id, ROLES[about & ROLE], text, createdAt, whole[0], author, complete);
  if (about & CALL) {
    const call = named(pieces);
    const given = pieces.value();
    if (given !== undefined) call.arguments = given;
    message.toolCall = call;
  }
  if (about & RESULT) {
    const back = named(pieces);
    const result = pieces.value();
    if (result !== undefined) back.result = result;
    message.toolResult = back;
  }
  if (about & RARE) Object.assign(message, JSON.parse(pieces.piece()));
  if (about & MARKED) message.clientMessageId = pieces.piece();
  return untold(message, json(pieces), json(pieces));
}

/** A whole answer. Its JSON is mostly its message's, and then is the same value. */
export function reply(pieces) {
  const told = message(pieces);
  const reply = { message: told };
  const besides = pieces.optional();
  if (besides !== undefined) Object.assign(reply, JSON.parse(besides));
  return untold(reply, undefined, json(pieces) ?? told[HIDDEN]);
}

/** A message so far. Objects of a constructor have room for what is added to them later, which those of a literal have
 * not; and with this prototype they are plain objects like those. */
function Told(id, role, text, createdAt, timestamp, author, complete) {
  this.id = id;
  this.role = role;
  this.text = text;
  if (createdAt !== undefined) this.createdAt = createdAt;
  if (!Number.isNaN(timestamp)) this.timestamp = timestamp;
  if (author !== undefined) this.author = author;
  this.complete = complete;
}
Told.prototype = Object.prototype;

function named(pieces) {
  const id = pieces.optional();
  const name = pieces.optional();
  if (id !== undefined) return name === undefined ? { id } : { id, name };
  return name === undefined ? {} : { name };
}

/** Free-form JSON that is parsed when somebody looks, because mostly nobody does. */
class Json {
  constructor(source, start, end) {
    this.source = source;
    this.start = start;
    this.end = end;
    this.value = undefined;
    /** the other one of the same message */
    this.metadata = undefined;
  }

  read() {
    const { source } = this;
    if (source !== undefined) {
      this.value = JSON.parse(
        typeof source === "string" ? source : decoder.decode(source.subarray(this.start, this.end)),
      );
      this.source = undefined;
    }
    return this.value;
  }
}

function json(pieces) {
  const length = pieces.number();
  if (length === NONE) return undefined;
  if (length !== RANGE) return new Json(pieces.cut(length), 0, 0);
  return new Json(pieces.bodies[pieces.number()], pieces.number(), pieces.number());
}

// An own, enumerable accessor is seen by spread, JSON.stringify and structuredClone; one on the prototype is not. All
// messages share the two functions: with closures of its own each message would be a dictionary, which takes several
// times as long to make and to read. What a function reads hangs on a hidden property and not in a private field or a
// WeakMap, because `this` may be a proxy of the message, as in Vue's reactive objects.
const HIDDEN = Symbol("json");
const raw = {
  get() {
    return this[HIDDEN].read();
  },
  enumerable: true,
  configurable: true,
};
const metadata = {
  get() {
    return this[HIDDEN].metadata.read();
  },
  enumerable: true,
  configurable: true,
};

function untold(message, metadataJson, rawJson) {
  Object.defineProperty(message, HIDDEN, { value: rawJson });
  if (metadataJson !== undefined) {
    rawJson.metadata = metadataJson;
    Object.defineProperty(message, "metadata", metadata);
  }
  return Object.defineProperty(message, "raw", raw);
}
