//! The webhook token (contract, sections 12 and 13.2): a caller without it must get no service.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{
    Case, Checked, Contract, Middleware,
    call::{Call, refused},
    case,
};

const KEEP_OUT: &str =
    "Compare each secret in the call with the token; answer 401 when none is equal.";

pub(super) const CASES: &[Case<Middleware>] = &[
    case!(All "middleware/secret-missing" "12",
        "A call without any secret is not accepted.",
        KEEP_OUT, |w| kept_out(w, "missing", |call, _| call)),
    case!(R1 "middleware/secret-wrong-in-body" "12",
        "A wrong token in the body is not accepted.",
        KEEP_OUT, |w| kept_out(w, "body", |call, _| call.with("accessToken", "wrong"))),
    case!(R23 "middleware/secret-wrong-bare" "12",
        "A wrong token, bare in `Authorization`, is not accepted.",
        KEEP_OUT, |w| kept_out(w, "bare", |call, _| call.header("authorization", "wrong"))),
    case!(R22 "middleware/secret-wrong-bearer" "12",
    "A wrong token after `Bearer` is not accepted.",
    KEEP_OUT, |w| kept_out(w, "bearer", |call, _| {
        call.header("authorization", "Bearer wrong")
    })),
    case!(R1 "middleware/secret-empty-in-body" "12",
        "An empty token in the body is not accepted.",
        KEEP_OUT, |w| kept_out(w, "empty", |call, _| call.with("accessToken", ""))),
    case!(R23 "middleware/secret-empty-header" "12",
        "An empty `Authorization` is not accepted.",
        KEEP_OUT, |w| kept_out(w, "empty-bare", |call, _| call.header("authorization", ""))),
    case!(R22 "middleware/secret-empty-bearer" "12",
    "`Bearer` with nothing after it is not accepted.",
    KEEP_OUT, |w| kept_out(w, "empty-bearer", |call, _| {
        call.header("authorization", "Bearer")
    })),
    case!(All "middleware/secret-cut-short" "12",
        "The token without its last character is not accepted.",
        "Compare whole secrets, in constant time.", |w| kept_out(w, "short", cut_short)),
    case!(All "middleware/secret-too-long" "12",
        "The token with one more character is not accepted.",
        "Compare whole secrets, in constant time.", |w| kept_out(w, "long", too_long)),
    case!(R1 "middleware/secret-not-a-string" "12",
        "A token in the body that is `true` is not accepted.",
        KEEP_OUT, |w| kept_out(w, "true", |call, _| call.with("accessToken", true))),
    case!(R1 "middleware/secret-in-a-list" "12",
        "The right token in a list is not accepted.",
        KEEP_OUT, |w| kept_out(w, "list", |call, token| call.with("accessToken", json!([token])))),
    case!(All "middleware/secret-wrong-in-step-two" "12",
        "Step two with a wrong token is not accepted, and the chat goes on.",
        "Check the token before you look for the chat.", step_two),
    case!(R31 "middleware/secret-wrong-in-typing" "6.4",
        "A typing call with a wrong token is not accepted.",
        KEEP_OUT, typing),
];

type Present = fn(Call, &str) -> Call;

fn cut_short(call: Call, token: &str) -> Call {
    let mut most = token.chars();
    most.next_back();
    call.with("accessToken", most.as_str())
}

fn too_long(call: Call, token: &str) -> Call {
    call.with("accessToken", format!("{token}x"))
}

async fn kept_out(world: &Middleware, name: &str, present: Present) -> Checked {
    let user = world.user(&format!("secret-{name}"));
    let call = world.step_one(Contract::R1, &user).bare();
    let call = present(call, world.token.expose_secret());
    refused(&world.send(&call).await?)
}

async fn step_two(world: &Middleware) -> Checked {
    let user = world.user("secret-two");
    world.hand_over(&user).await?;
    let good = world.step_two(Contract::R1, &user, "help me please");
    let wrong = good.clone().with("accessToken", Value::from("wrong"));
    refused(&world.send(&wrong).await?)?;
    world.paused(&good).await
}

async fn typing(world: &Middleware) -> Checked {
    let call = world.event(&world.user("secret-typing"), "user_typing").bare();
    let answer = world.send(&call.header("authorization", "wrong")).await?;
    refused(&answer)
}
