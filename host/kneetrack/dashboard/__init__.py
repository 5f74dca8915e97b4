"""The live page: what a person sees from three metres away, in a browser on the gym's floor.

    session.run | replay.fold --> feed: decoded items and events as steps of a state
                                   |
                    board: the state of the page, a fold of those steps
                     |                              |
           hub: live, to every tab         timeline, player: a log, with a slider for each tab
                     |                              |
                     outbox: snapshot, then steps; a tab that is slow gets a snapshot again
                                        |
                door: who may come in;  server: HTTP and websockets;  page/: what the browser runs

One pipeline: what comes out of `feed` does not tell live from replay, the page folds the same steps
by the same rules (`page/state.js` is `board` once more), and a test compares both.

**The recording comes first.** The server runs in a thread of its own. The sink that the recording
calls puts an object into a queue and returns; what is made of it is the other thread's work. The
queue is bounded for samples and never for events. A tab says which message it has taken; only a few
are under way at a time, and one that falls too far behind gets the state as it is now (newest wins)
instead of a longer and longer past. So memory is bounded, and no rep is ever missing on a page.

**Why Starlette, uvicorn and uPlot, not NiceGUI** (both measured here on 2026-11-22: Chromium
without a GPU, two busy cores; two curves of 520 points, 20 new values a second):

                                    NiceGUI 3.18        Starlette 1.10, uPlot 1.6.32
    packages beyond ours            130 MB, 51          6 MB, 7
    the page, first load            766 kB, 19 files    186 kB, 14 files
    ... until it is loaded          2.7 s               0.8 s
    value sent until it is in the   2.1 s (p50), the    see tools/bench_page.py
    page                            whole chart is sent
                                    anew each time
    what a reload gets              a new page, to be   a snapshot of the state
                                    filled by hand
    tests                           its own plug-in     plain functions, and any browser
    content security policy         inline scripts      'self' only

uPlot (50 kB, MIT) draws the curves; its licence lies beside it and everything is served from this
package, for gyms have no internet. The leg is two shaded bones on a canvas: three.js would be
350 kB (1.4 MB with its core) for two hundred polygons, and wants WebGL, which an old tablet may
not have.
"""
