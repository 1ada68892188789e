// The way over the boundary: bytes into the module's memory, one text and one table of numbers out of it.
// `table.rs` writes that table; the two change together.

const NONE = 0xffffffff;
const LITERAL = 0x80000000;
const ROLES = ["user", "assistant", "tool", "system", "unknown"];

// A U+FEFF in an answer is a character of it, and not a byte order mark.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The memory of one instance of the module. */
export class Memory {
  constructor(memory) {
    this.memory = memory;
    this.bytes = new Uint8Array(memory.buffer);
  }

  /** Whatever grew the memory took the old view away. */
  current() {
    if (this.bytes.buffer !== this.memory.buffer) this.bytes = new Uint8Array(this.memory.buffer);
    return this.bytes;
  }

  put(address, chunk) {
    this.current().set(chunk, address);
  }

  /** Takes everything out of a table whose place is at `address`. */
  take(address, into) {
    const { buffer } = this.current();
    const [text, textLength, rows, rowsLength] = new Uint32Array(buffer, address, 4);
    const bytes = new Uint8Array(buffer, text, textLength);
    read(decoder.decode(bytes), new Uint32Array(buffer, rows, rowsLength), into);
  }
}

/** Cuts the pieces out of the text, in the order of the table. */
class Pieces {
  constructor(text, rows) {
    this.text = text;
    this.rows = rows;
    this.row = 0;
    this.at = 0;
  }

  number() {
    return this.rows[this.row++];
  }

  optionalNumber() {
    const number = this.number();
    return number === NONE ? undefined : number;
  }

  piece() {
    return this.cut(this.number());
  }

  optional() {
    const length = this.number();
    return length === NONE ? undefined : this.cut(length);
  }

  /** A piece of which half a character may be a part: then it is a JSON string. */
  written() {
    const length = this.number();
    return length & LITERAL ? JSON.parse(this.cut(length & ~LITERAL)) : this.cut(length);
  }

  cut(length) {
    const start = this.at;
    this.at += length;
    return this.text.substring(start, this.at);
  }
}

const halves = new Uint32Array(2);
const whole = new Float64Array(halves.buffer);

function read(text, rows, into) {
  const pieces = new Pieces(text, rows);
  while (pieces.row < rows.length) {
    switch (pieces.number()) {
      case 1:
        into.value({ type: "content", delta: pieces.written() });
        break;
      case 2:
        into.value(JSON.parse(pieces.piece()));
        break;
      case 3:
        into.value(message(pieces));
        break;
      case 4:
        into.page(JSON.parse(pieces.piece()));
        break;
      case 5:
        into.event(pieces.piece(), pieces.piece(), pieces.optional());
        break;
      case 6:
        into.comment(pieces.piece());
        break;
      case 7:
        into.resume(pieces.piece(), pieces.optionalNumber());
        break;
    }
  }
}

function message(pieces) {
  const message = { id: pieces.piece(), role: ROLES[pieces.number()], text: pieces.written() };
  const createdAt = pieces.optional();
  if (createdAt !== undefined) message.createdAt = createdAt;
  halves[0] = pieces.number();
  halves[1] = pieces.number();
  if (whole[0] === whole[0]) message.timestamp = whole[0];
  const authored = pieces.number() === 1;
  const id = pieces.optional();
  const name = pieces.optional();
  if (authored) {
    message.author = {};
    if (id !== undefined) message.author.id = id;
    if (name !== undefined) message.author.name = name;
  }
  message.complete = pieces.number() === 1;
  const rare = pieces.optional();
  if (rare !== undefined) Object.assign(message, JSON.parse(rare));
  const metadata = pieces.optional();
  if (metadata !== undefined) lazily(message, "metadata", metadata);
  lazily(message, "raw", pieces.piece());
  return message;
}

/** Free-form JSON is parsed when somebody looks, because mostly nobody does. An own, enumerable accessor is seen by
 * spread, JSON.stringify and structuredClone; one on the prototype is not. */
function lazily(object, name, json) {
  let value;
  Object.defineProperty(object, name, {
    enumerable: true,
    configurable: true,
    get() {
      if (json !== undefined) {
        value = JSON.parse(json);
        json = undefined;
      }
      return value;
    },
    set(other) {
      json = undefined;
      value = other;
    },
  });
}
