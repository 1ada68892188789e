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

const OPENING = 0x5b;
const CLOSING = 0x5d;
const COMMA = 0x2c;

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
  return untold(message, json(pieces, "metadata"), json(pieces, "raw"));
}

/** A whole answer. Its JSON is mostly its message's, and then is the same value. */
export function reply(pieces) {
  const told = message(pieces);
  const reply = { message: told };
  const besides = pieces.optional();
  if (besides !== undefined) Object.assign(reply, JSON.parse(besides));
  return untold(reply, undefined, json(pieces, "raw") ?? told[HIDDEN]);
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

/** Who or what is named by both, either or neither; made in the same way. */
function Named(id, name) {
  if (id !== undefined) this.id = id;
  if (name !== undefined) this.name = name;
}
Named.prototype = Object.prototype;

function named(pieces) {
  const id = pieces.optional();
  return new Named(id, pieces.optional());
}

/** The body of an answer, and the free-form JSON in it. */
export class Body {
  constructor(bytes) {
    this.metadata = new Values(bytes);
    this.raw = new Values(bytes);
  }
}

/** Values that stand in one body. Whoever looks at one mostly looks at all, and to parse many at once takes half the time:
 * so with each there are parsed as many more as were looked for before. */
class Values {
  constructor(bytes) {
    this.bytes = bytes;
    /** each in its place until it is parsed */
    this.waiting = [];
    this.count = 0;
  }

  parse(place) {
    const { waiting } = this;
    const places = [place];
    // from there on, or back where those behind are done
    const step = waiting[place + 1] ? 1 : -1;
    for (let at = place + step; waiting[at] && places.length <= this.count; at += step) {
      places.push(at);
    }
    this.count += places.length;
    const values = JSON.parse(decoder.decode(this.list(places)));
    places.forEach((place, at) => {
      waiting[place].parsed(values[at]);
      waiting[place] = undefined;
    });
  }

  /** The bytes of one array of these values. */
  list(places) {
    const { bytes, waiting } = this;
    let length = 1;
    for (const place of places) length += waiting[place].end - waiting[place].start + 1;
    const list = new Uint8Array(length).fill(COMMA);
    let at = 0;
    for (const place of places) {
      const { start, end } = waiting[place];
      list.set(bytes.subarray(start, end), at + 1);
      at += 1 + end - start;
    }
    list[0] = OPENING;
    list[at] = CLOSING;
    return list;
  }
}

/** Free-form JSON that is parsed when somebody looks, because mostly nobody does. */
class Json {
  constructor(source, start, end) {
    /** a text, or the values of a body that this is one of; nothing once the value is there */
    this.source = source;
    this.start = start;
    this.end = end;
    /** its place among those; then the value itself */
    this.value = 0;
    /** the other one of the same message */
    this.metadata = undefined;
  }

  read() {
    const { source } = this;
    if (typeof source === "string") this.parsed(JSON.parse(source));
    else source?.parse(this.value);
    return this.value;
  }

  parsed(value) {
    this.value = value;
    this.source = undefined;
  }
}

function json(pieces, kind) {
  const length = pieces.number();
  if (length === NONE) return undefined;
  if (length !== RANGE) return new Json(pieces.cut(length), 0, 0);
  const source = pieces.bodies[pieces.number()][kind];
  const json = new Json(source, pieces.number(), pieces.number());
  json.value = source.waiting.push(json) - 1;
  return json;
}

// An own, enumerable accessor is seen by spread, JSON.stringify and structuredClone; one on the prototype is not. All
// messages share the two functions: with closures of its own each message would be a dictionary, which takes several
// times as long to make and to read. What a function reads hangs on a hidden property and not in a private field or a
// WeakMap, because `this` may be a proxy of the message, as in Vue's reactive objects.
const HIDDEN = Symbol("json");

function raw() {
  return this[HIDDEN].read();
}

function metadata() {
  return this[HIDDEN].metadata.read();
}

// It does what defineProperty does with an enumerable and configurable accessor, in two thirds of the time.
const { __defineGetter__: defineGetter } = Object.prototype;

function untold(message, metadataJson, rawJson) {
  Object.defineProperty(message, HIDDEN, { value: rawJson });
  if (metadataJson !== undefined) {
    rawJson.metadata = metadataJson;
    defineGetter.call(message, "metadata", metadata);
  }
  defineGetter.call(message, "raw", raw);
  return message;
}
