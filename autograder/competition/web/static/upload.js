// upload.js - a file on its way: its SHA-256 first, then piece by piece. What is interrupted goes on where it stopped.

import { ask, Fault, of, send } from "./api.js";

const PIECE = 4 << 20, TRIES = 6, PATIENCE = 90; // [s]: a longer wait is told instead

/** Whether this browser can say what a file is; it can't on a page that came over http from elsewhere. */
export const able = () => Boolean(globalThis.crypto?.subtle);

/** Send `file`; returns the id of the upload. `told` hears how far it is: ("read" | "send" | "wait", share, seconds). */
export async function upload(file, told, signal) {
  told("read", 0);
  const bytes = await file.arrayBuffer().catch(() => {
    throw new Fault(`${file.name} cannot be read; it may have changed since you chose it. Choose it again.`);
  });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let id = null, offset = 0;
  const patient = (run) => trying(run, (seconds) => told("wait", offset / bytes.byteLength, seconds), signal);
  ({ id, offset } = await patient(() => send("POST", of("uploads"), { sha256, size: bytes.byteLength, name: file.name })));
  while (offset < bytes.byteLength) {
    told("send", offset / bytes.byteLength);
    const piece = bytes.slice(offset, offset + PIECE);
    ({ offset } = await patient(() => ask(of(`uploads/${id}`), { method: "PATCH", body: piece, signal,
      headers: { "Content-Type": "application/octet-stream", "Upload-Offset": String(offset) } }).then((answer) => answer.data, misplaced)));
  }
  told("send", 1);
  return id;
}

/** The service has another part of the file than thought: go on from there. */
function misplaced(fault) {
  if (fault.status === 409 && Number.isInteger(fault.offset)) return { offset: fault.offset };
  throw fault;
}

async function trying(run, waits, signal) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (fault) {
      const seconds = Math.max(fault.wait ?? 0, 2 ** (tries - 1)) * (1 + Math.random() * 0.3);
      if (signal.aborted || !fault.passing || tries === TRIES || seconds > PATIENCE) throw fault;
      waits(Math.ceil(seconds));
      await new Promise((done) => {
        setTimeout(done, seconds * 1000);
        signal.addEventListener("abort", done, { once: true });
      });
      if (signal.aborted) throw new Fault("Stopped.");
    }
  }
}
