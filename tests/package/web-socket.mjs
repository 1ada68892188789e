// Gives a Node before version 22 the global that it has from then on, of the same make.
import { WebSocket } from "undici";

globalThis.WebSocket ??= WebSocket;
