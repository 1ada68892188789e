// In: a button to try something again, and the moment before which that is pointless. Out: the button, counting down where
// the server asked for a pause.

/** The label is the button's last `span`, or the button itself. Returns what ends the counting. */
export function countDown(button, retryAt = 0, words = "Try again") {
  const label = button.querySelector("span") ?? button;
  let timer = 0;
  const show = () => {
    const seconds = Math.ceil((retryAt - Date.now()) / 1_000);
    button.disabled = seconds > 0;
    label.textContent = seconds > 0 ? `${words} in ${seconds} s` : words;
    if (seconds <= 0) clearInterval(timer);
  };
  if (retryAt > Date.now()) timer = setInterval(show, 250);
  show();
  return () => clearInterval(timer);
}
