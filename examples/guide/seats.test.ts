import { test } from "node:test";
import { given } from "@atoll/testkit";
import { booking, flight } from "./seats.ts";

// #region tests
test("flight: it sells what it knows for sure, a few more on a guess, and then no more", () => {
  const known = given(flight, "AT1").had("Learned", { seats: 1, guess: 1 });
  known.when("promise", { booking: "ann" }).emits("Promised", { booking: "ann", sure: true }).replies({ sure: true });
  const one = known.had("Promised", { booking: "ann", sure: true });
  one.when("promise", { booking: "ben" }).emits("Promised", { booking: "ben", sure: false }).replies({ sure: false });
  one.had("Promised", { booking: "ben", sure: false }).when("promise", { booking: "cem" }).rejects("SoldOut", {});
});

const order = { flight: "AT1", otherwise: "AT3" };

test("booking: whom the airline has no seat for is moved to the other flight", () =>
  given(booking, "ann")
    .when(order)
    .step("promise")
    .replies({ sure: false })
    .step("seat")
    .rejects("Full", {})
    .undoes("promise")
    .rejects("Oversold", { flight: "AT1" }));

test("booking: whose promise cannot be made good is owed an apology", () =>
  given(booking, "ann")
    .when(order)
    .step("promise")
    .replies({ sure: false })
    .step("seat")
    .rejects("Full", {})
    .undo("promise")
    .fails()
    .undoes()
    .owes("promise")
    .rejects("Oversold", { flight: "AT1" }));

test("booking: an airline that cannot be reached to the end is asked to release the seat, and the passenger is moved", () =>
  given(booking, "ann").when(order).step("promise").replies({ sure: true }).step("seat").fails().undoes("seat", "promise").fails());
// #endregion
