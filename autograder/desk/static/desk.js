// desk.js - keeps the progress of a running grading up to date, and shows the new page when it has ended.
const line = document.getElementById("progress");
const minutes = (seconds) => (seconds >= 90 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds)} s`);

async function look(was) {
  const answer = await fetch(`${document.body.dataset.desk}/progress`).catch(() => null);
  const now = answer?.ok ? await answer.json() : {};
  if (was && !now.running) return location.reload();
  if (now.running) {
    line.hidden = false;
    const bar = line.querySelector("progress");
    [bar.max, bar.value] = [now.total || 1, now.done];
    const left = now.eta_seconds ? `, about ${minutes(now.eta_seconds)} left` : "";
    line.querySelector("span").textContent = now.total ? `${now.done} of ${now.total} graded${left}` : "Trying the author's solutions";
  }
  setTimeout(() => look(Boolean(now.running)), now.running ? 1000 : 4000);
}

if (line) look(!line.hidden);
