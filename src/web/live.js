// Shows newer values of what is marked `data-live`, every few seconds while somebody looks at the page. Without it the page
// is as it was when it was loaded. What has the focus is left alone, and so is a page that came of a form.
'use strict';

// What is under way changes sooner than what is there.
const everyMs = () => (document.querySelector('[data-live] [data-soon]') ? 500 : 5000);

const renew = async () => {
  const answer = await fetch(location.href, { headers: { 'oig-live': '1' }, redirect: 'manual', cache: 'no-store' });
  // Signed out, be it by time: nobody goes on looking at what was.
  if (answer.type === 'opaqueredirect') return location.reload();
  if (!answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live][id]')) {
    const other = next.getElementById(part.id);
    const changed = other && other.innerHTML !== part.innerHTML;
    if (changed && !part.contains(document.activeElement)) part.replaceChildren(...other.childNodes);
  }
};

const turn = async () => {
  try {
    if (document.visibilityState === 'visible') await renew();
  } catch {
    // The gateway is away: the page stays as it is, and the next turn tries again.
  }
  setTimeout(turn, everyMs());
};

if (document.querySelector('[data-live][id]')) setTimeout(turn, everyMs());
