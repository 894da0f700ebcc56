// The WebSocket as the session sees it: text in, text out, closed once. Nothing else touches the browser's WebSocket.
import { SUBPROTOCOL } from '../protocol/messages';

export interface SocketHandlers {
  onOpen(): void;
  onText(text: string): void;
  /** Called once, also when the connection was never made (code 1006). */
  onClose(code: number): void;
}

export interface Socket {
  send(text: string): void;
  close(): void;
}

export type OpenSocket = (handlers: SocketHandlers) => Socket;

export function openWebSocket(url: string): OpenSocket {
  return (handlers) => {
    const ws = new WebSocket(url, SUBPROTOCOL);
    let closed = false;
    const close = (code: number) => {
      if (closed) return;
      closed = true;
      handlers.onClose(code);
    };
    ws.onopen = () => {
      if (!closed) handlers.onOpen();
    };
    ws.onmessage = (event: MessageEvent<unknown>) => {
      if (!closed && typeof event.data === 'string') handlers.onText(event.data);
    };
    ws.onclose = (event) => close(event.code);
    return {
      send: (text) => {
        if (ws.readyState === WebSocket.OPEN) ws.send(text);
      },
      close: () => {
        // The close handshake of a dead line takes minutes; to the session the socket is gone now.
        closed = true;
        ws.close();
      },
    };
  };
}

export function lessonSocketUrl(location: { protocol: string; host: string }): string {
  return `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/ws`;
}
