//! HTTP itself: methods, headers, connections, and many visitors at once.

use std::time::Duration;

use futures::future::join_all;
use http::Method;

use super::{
    super::Client,
    Case, Checked, Contract, Middleware, broken,
    call::{given, is_no_failure},
    case, holds,
};

const HTTP: &str = "Use a common HTTP server library to read the request.";
const VISITORS: usize = 20;

pub(super) const CASES: &[Case<Middleware>] = &[
    case!(All "middleware/method-get" "15",
        "A GET opens no chat and does not get a 5xx answer.",
        "Answer 405 to every method except POST.", |w| method(w, Method::GET)),
    case!(All "middleware/method-put" "15",
        "A PUT opens no chat and does not get a 5xx answer.",
        "Answer 405 to every method except POST.", |w| method(w, Method::PUT)),
    case!(All "middleware/method-delete" "15",
        "A DELETE opens no chat and does not get a 5xx answer.",
        "Answer 405 to every method except POST.", |w| method(w, Method::DELETE)),
    case!(All "middleware/header-names-in-capitals" "6.1",
        "Header names are accepted in any case: `Authorization` and `authorization`.",
        "Compare header names without case.", capitals),
    case!(All "middleware/content-type-with-charset" "6.1",
        "The content type `application/json; charset=utf-8` is accepted.",
        "Compare the media type without its parameters.", charset),
    case!(All "middleware/many-headers" "6.1",
        "Additional headers, such as a proxy adds, are ignored.",
        "Ignore headers you do not know.", many_headers),
    case!(All "middleware/body-in-pieces" "6.1",
        "A body with chunked transfer encoding is read.", HTTP, in_pieces),
    case!(All "middleware/kept-connection" "6.1",
        "Ten calls in a row work on one connection that is kept alive.", HTTP, kept_connection),
    case!(All "middleware/many-visitors" "8",
        "Twenty visitors at once are all answered in time.",
        "Do not make one visitor wait for another.", many_visitors),
];

async fn method(world: &Middleware, method: Method) -> Checked {
    let call = world.step_one(Contract::R23, &world.user(method.as_str()));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(call.headers.iter().map(|(name, value)| (*name, value.as_str())));
    let body = if method == Method::GET { String::new() } else { call.body.to_string() };
    let answer = world.client.send(method, &world.url, &headers, body).await?;
    is_no_failure(&answer)?;
    holds(answer.json()["paused"] != true, "no `paused: true`", answer.shown())
}

async fn capitals(world: &Middleware) -> Checked {
    let call = world.step_one(Contract::R23, &world.user("capitals"));
    let answer = world.send_by(&Client::with_capitals()?, &call).await?;
    given(&answer)?;
    world.paused(&call).await
}

async fn charset(world: &Middleware) -> Checked {
    let call = world.step_one(Contract::R1, &world.user("charset"));
    let headers = [("content-type", "application/json; charset=utf-8")];
    let body = call.body.to_string();
    given(&world.client.send(Method::POST, &world.url, &headers, body).await?).map(drop)
}

async fn many_headers(world: &Middleware) -> Checked {
    let long = "a".repeat(2_000);
    let call = world.step_one(Contract::R3, &world.user("headers"));
    let call = call.header("x-forwarded-for", "203.0.113.7").header("x-request-id", &long);
    world.paused(&call.header("x-forwarded-proto", "https").header("cookie", "a=b")).await
}

async fn in_pieces(world: &Middleware) -> Checked {
    let call = world.step_one(Contract::R1, &world.user("pieces"));
    let headers = [("content-type", "application/json")];
    let body = call.body.to_string();
    given(&world.client.send_in_pieces(&world.url, &headers, &body).await?).map(drop)
}

async fn kept_connection(world: &Middleware) -> Checked {
    // A separate client keeps its single connection.
    let client = Client::new()?;
    for n in 0..10 {
        let call = world.step_one(Contract::R1, &world.user(&format!("kept-{n}")));
        given(&world.send_by(&client, &call).await?)?;
    }
    Ok(())
}

async fn many_visitors(world: &Middleware) -> Checked {
    let visits = (0..VISITORS).map(async |n| {
        let user = world.user(&format!("crowd-{n}"));
        world.hand_over(&user).await?;
        let answer = world.send(&world.step_two(Contract::R1, &user, "me too")).await?;
        let given = given(&answer)?;
        if !given.paused {
            return Err(broken("`paused: true` for each visitor", answer.shown()));
        }
        Ok(answer.took)
    });
    let mut slowest = Duration::ZERO;
    for took in join_all(visits).await {
        slowest = slowest.max(took?);
    }
    let limit = Duration::from_secs(4);
    holds(slowest < limit, format!("every answer within {limit:?}"), format!("{slowest:?}"))
}
