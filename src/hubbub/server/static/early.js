// Runs before anything is drawn, so that a page that was set to dark never flashes white.
try {
  const chosen = localStorage.getItem("hubbub-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {
  // storage is forbidden here: the system's choice holds
}
