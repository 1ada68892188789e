// In: a question that must not be answered by accident. Out: whether it was answered with yes.

import { required } from "./dom.js";

export async function confirmed({ title, lead, yes, no = "Cancel" }) {
  const dialog = required("confirm");
  required("confirm-title").textContent = title;
  required("confirm-lead").textContent = lead;
  required("confirm-yes").textContent = yes;
  required("confirm-no").textContent = no;
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return dialog.returnValue === "yes";
}
