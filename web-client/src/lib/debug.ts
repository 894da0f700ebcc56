// A handle for end-to-end tests and for a person at the console: `?debug=1`, or localStorage.debug. Off otherwise.

interface DebugHandle {
  peers?: () => RTCPeerConnection[];
  /** Looks for another way for the connection that runs, as after a change of network. */
  restartIce?: () => Promise<void>;
  state?: () => unknown;
  player?: { seek(seconds: number): void; time(): number; drift(): number };
}

declare global {
  interface Window {
    __tongke?: DebugHandle;
  }
}

function isAsked(): boolean {
  try {
    return new URLSearchParams(window.location.search).get('debug') === '1' || localStorage.getItem('debug') !== null;
  } catch {
    return false;
  }
}

/** Returns the function that takes the handle away again. */
export function expose(handle: DebugHandle): () => void {
  if (!isAsked()) return () => undefined;
  window.__tongke = { ...window.__tongke, ...handle };
  return () => {
    if (window.__tongke === undefined) return;
    for (const key of Object.keys(handle)) delete window.__tongke[key as keyof DebugHandle];
  };
}
