// A page for one first use; pages.mjs asks it which.
import { begin } from "./starting.mjs";

globalThis.begin = begin;
