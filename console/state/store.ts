/**
 * One value that the pages read and are drawn anew for, and the hook that ties a page to it.
 * It has no actions: whoever changes it says what it is afterwards.
 */
import { useEffect, useState } from "preact/hooks";

export interface Store<S> {
  readonly get: () => S;
  readonly set: (changed: Partial<S>) => void;
  readonly subscribe: (changed: () => void) => () => void;
}

export function createStore<S>(initial: S): Store<S> {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    set: (changed) => {
      state = { ...state, ...changed };
      for (const listener of [...listeners]) listener();
    },
    subscribe: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}

export function useStore<S>(store: Store<S>): S {
  const [state, setState] = useState(store.get());
  useEffect(() => {
    setState(store.get());
    return store.subscribe(() => setState(store.get()));
  }, [store]);
  return state;
}
