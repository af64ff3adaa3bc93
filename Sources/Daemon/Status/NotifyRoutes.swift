// The routes by which people say how they want to be told of their jobs; each of oneself alone.

import Foundation
import HTTP
import Jobs

struct NotifyRoutes: Sendable {
    private let desk: NotifyDesk

    init(_ settings: LiveConfiguration) { desk = NotifyDesk(settings) }

    var all: [Route] {
        [
            Route("GET /v1/notify") { .json(try await desk.report(for: $0.caller.user)) },
            Route("PUT /v1/notify") { call in
                let secret = call.request.query("secret")
                guard secret == nil || secret == "new" else {
                    throw ErrorDocument(
                        code: .refused, message: "`secret` in the query: expected `new`")
                }
                return .json(
                    try await desk.keep(
                        Data(call.request.body), of: call.caller.user,
                        renewsSecret: secret != nil))
            },
            Route("DELETE /v1/notify") { .json(try await desk.forget($0.caller.user)) },
            Route("POST /v1/notify/test") {
                .json(try await desk.test($0.caller.user), status: 201)
            },
        ]
    }
}
