//! Every route of the admin API on one screen.

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state};
use http::Method;
use utoipa::openapi::{OpenApi, extensions::Extensions, security::SecurityRequirement};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::problem::ProblemId;

use crate::{
    api::{
        account, api_keys, applied, audit, documents, invitations, members, organizations, session,
        set_up,
    },
    app::App,
    error::Error,
    http::{guard, repeated},
    needs::{Needs, PREFIX, needs},
};

fn api() -> OpenApiRouter<Arc<App>> {
    macro_rules! documents {
        ($router:expr, $($kind:ident),*) => {{
            let router = $router;
            $(let router = router
                .routes(routes!(documents::$kind::list, documents::$kind::create))
                .routes(routes!(
                    documents::$kind::show,
                    documents::$kind::change,
                    documents::$kind::remove
                ))
                .routes(routes!(documents::$kind::versions))
                .routes(routes!(documents::$kind::roll_back));)*
            router
        }};
    }
    let router = OpenApiRouter::new()
        .routes(routes!(set_up::show, set_up::set_up))
        .routes(routes!(session::sign_in, session::show, session::sign_out))
        .routes(routes!(session::list))
        .routes(routes!(session::end))
        .routes(routes!(account::change_password))
        .routes(routes!(
            account::begin_second_factor,
            account::confirm_second_factor,
            account::end_second_factor
        ))
        .routes(routes!(invitations::look))
        .routes(routes!(invitations::accept))
        .routes(routes!(organizations::create))
        .routes(routes!(organizations::show, organizations::change))
        .routes(routes!(members::list))
        .routes(routes!(members::show, members::change, members::remove))
        .routes(routes!(invitations::list, invitations::invite))
        .routes(routes!(invitations::end))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::end))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::verify))
        .routes(routes!(applied::apply))
        .routes(routes!(applied::export));
    documents!(router, bots, routes, connectors, agents)
}

/// Each operation says in `x-needs` what it asks of its caller.
pub(crate) fn openapi() -> OpenApi {
    let mut described = OpenApiRouter::new().nest(PREFIX, api()).into_openapi();
    for (path, item) in &mut described.paths.paths {
        let operations = [
            (Method::GET, &mut item.get),
            (Method::POST, &mut item.post),
            (Method::PUT, &mut item.put),
            (Method::DELETE, &mut item.delete),
        ];
        for (method, operation) in operations {
            if let (Some(operation), Some(needs)) = (operation, needs(&method, path)) {
                operation.extensions =
                    Some(Extensions::builder().add("x-needs", needs.name()).build());
                if needs != Needs::Nothing {
                    let none = std::iter::empty::<&str>;
                    operation.security = Some(vec![
                        SecurityRequirement::new("apiKey", none()),
                        SecurityRequirement::new("portalCookie", none()),
                    ]);
                }
            }
        }
    }
    described
}

pub(crate) fn router(app: &Arc<App>) -> Router {
    let api = Router::from(api())
        .route_layer(from_fn_with_state(Arc::clone(app), repeated))
        .route_layer(from_fn_with_state(Arc::clone(app), guard))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found);
    Router::new().nest(PREFIX, api).with_state(Arc::clone(app))
}

async fn method_not_allowed() -> Error {
    Error::new(ProblemId::MethodNotAllowed, "This path has other methods: see /openapi.json.")
}

async fn not_found() -> Error {
    Error::not_found()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::TABLE;

    fn operations() -> Vec<(Method, String)> {
        let described = openapi();
        let mut found = Vec::new();
        for (path, item) in described.paths.paths {
            for (method, operation) in [
                (Method::GET, item.get),
                (Method::POST, item.post),
                (Method::PUT, item.put),
                (Method::DELETE, item.delete),
            ] {
                found.extend(operation.map(|_| (method, path.clone())));
            }
        }
        found
    }

    #[test]
    fn f1_each_operation_is_in_the_table_of_rights() {
        let operations = operations();
        assert!(operations.len() > TABLE.len(), "{operations:?}");
        for (method, path) in &operations {
            assert!(needs(method, path).is_some(), "{method} {path} has no line in the table");
        }
        for (method, path, _) in TABLE {
            let path = format!("{PREFIX}{path}");
            let is_served = operations.iter().any(|(m, p)| m == method && *p == path);
            assert!(is_served, "{method} {path} is in the table and is not served");
        }
    }

    #[test]
    fn whatever_is_in_an_organization_needs_a_right() {
        for (method, path) in operations() {
            let needs = needs(&method, &path);
            let is_inside = path.contains("{organization}");
            assert_eq!(matches!(needs, Some(Needs::Right(_))), is_inside, "{method} {path}");
        }
    }
}
