// What jsdom lacks and our components touch. Anything more belongs into the test that needs it.

// uPlot asks once, as its module loads, for changes of the screen's pixel ratio.
globalThis.matchMedia ??= (media: string) =>
  ({
    media,
    matches: false,
    onchange: null,
    addEventListener() {},
    removeEventListener() {},
    addListener() {},
    removeListener() {},
    dispatchEvent: () => false,
  }) satisfies MediaQueryList;

// Charts follow the size of their frame. In jsdom nothing ever has one.
globalThis.ResizeObserver ??= class implements ResizeObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
};
