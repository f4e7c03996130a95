/** What the page knows of itself: is there a network, does anybody look. Elsewhere (a worker, Node) both count as yes. */
interface Surroundings {
  navigator?: { onLine?: boolean };
  document?: EventTarget & { visibilityState?: string };
  addEventListener?: EventTarget['addEventListener'];
  removeEventListener?: EventTarget['removeEventListener'];
}

const page = globalThis as unknown as Surroundings;

/** Browsers may call a machine online that reaches nothing, but never the other way round. */
export const isOffline = (): boolean => page.navigator?.onLine === false;
export const isHidden = (): boolean => page.document?.visibilityState === 'hidden';

/** Tells when the network comes and goes and when the page is looked at again; the answer ends that. */
export function watchPage(handlers: {
  onOnline: () => void;
  onOffline: () => void;
  onVisible: () => void;
}): () => void {
  const visible = () => {
    if (!isHidden()) handlers.onVisible();
  };
  page.addEventListener?.('online', handlers.onOnline);
  page.addEventListener?.('offline', handlers.onOffline);
  page.document?.addEventListener('visibilitychange', visible);
  return () => {
    page.removeEventListener?.('online', handlers.onOnline);
    page.removeEventListener?.('offline', handlers.onOffline);
    page.document?.removeEventListener('visibilitychange', visible);
  };
}
