// Keeps a session of the data browser alive, on a thread of its own: the timers of a page that is busy, or that nobody looks at,
// come too late for that.

const KEEP_MS = 3000;
let keeping = 0;

onmessage = ({ data: { path, session } }) => {
  clearInterval(keeping);
  if (!session) return;
  const keep = () => fetch(`${path}/${session}`, { method: 'PUT', headers: { Authorization: `Bearer ${session}` } }).catch(() => {});
  keeping = setInterval(keep, KEEP_MS);
};
