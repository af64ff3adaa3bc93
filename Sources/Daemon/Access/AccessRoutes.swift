// Login, logout and tokens: for programs below /v1, for browsers as pages.

import Failures
import Foundation
import HTTP
import Jobs
import Pages
import Report

struct AccessRoutes: Sendable {
    let entrance: Entrance

    var all: [Route] { programs + pages }

    // MARK: Programs

    private var programs: [Route] {
        [
            Route("GET /v1/tokens") { .json(TokenList(tokens: try await tokens(of: $0.visitor))) },
            Route("POST /v1/tokens") { call in
                let request = try Self.request(call.request.body)
                return .json(
                    try await entrance.makeToken(request, for: call.visitor), status: 201)
            },
            Route("DELETE /v1/tokens/:token") { call in
                let id = call.named["token"] ?? ""
                return .json(try await entrance.revokeToken(id, by: call.visitor))
            },
        ]
    }

    /// One's own; of all for admins.
    private func tokens(of visitor: Visitor) async throws -> [TokenSummary] {
        try await entrance.tokens.list(of: visitor.caller.isAdmin ? nil : visitor.caller.user)
    }

    private static func request(_ body: [UInt8]) throws -> TokenRequest {
        if body.isEmpty { return TokenRequest() }
        guard body.count <= TokenRequest.bytesMax else {
            throw HTTPRefusal(
                status: 413,
                message: "what a token shall be takes at most "
                    + "\(TokenRequest.bytesMax) bytes")
        }
        do {
            return try JSONDecoder().decode(TokenRequest.self, from: Data(body))
        } catch {
            throw HTTPRefusal(
                status: 400,
                message: "expected `scope`, `name` and `days` in JSON: "
                    + FaultText.describe(error))
        }
    }

    // MARK: Pages

    private var pages: [Route] {
        [
            Route("GET /login", isOpen: true) { call in
                let next = LoginAddress.wayBack(call.request.query("next"))
                guard call.visitor.name.isEmpty else {
                    return .redirect(to: call.visitor.basePath + next)
                }
                return PageAnswer.html(
                    LoginPage(frame: PageAnswer.frame(call.visitor), next: next).markup)
            },
            Route("POST /login", isOpen: true) { try await login($0) },
            Route("POST /logout", needs: .read) { call in
                let cookie = await entrance.logout(call.request, call.arrival)
                return .redirect(
                    to: call.visitor.basePath + "/login", headers: [("Set-Cookie", cookie)])
            },
            Route("GET /tokens") { PageAnswer.html(try await page(for: $0.visitor)) },
            Route("POST /tokens") { try await makeToken($0) },
            Route("POST /tokens/revoke") { call in
                let id = try FormBody(call.request.body).value("id") ?? ""
                _ = try await entrance.revokeToken(id, by: call.visitor)
                return .redirect(to: call.visitor.basePath + "/tokens")
            },
        ]
    }

    private func login(_ call: Route.Call) async throws -> HTTPResponse {
        guard call.request.isForm else {
            throw HTTPRefusal(status: 415, message: "expected the form of the page /login")
        }
        let form = try FormBody(call.request.body)
        let next = LoginAddress.wayBack(form.value("next"))
        do {
            let token = (form.value("token") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            let cookie = try await entrance.login(token, call.arrival)
            return .redirect(
                to: call.visitor.basePath + next, headers: [("Set-Cookie", cookie)])
        } catch let refusal as HTTPRefusal {
            let page = LoginPage(
                frame: PageAnswer.frame(call.visitor), next: next, problem: refusal.message)
            return PageAnswer.html(page.markup, status: refusal.status)
        }
    }

    private func makeToken(_ call: Route.Call) async throws -> HTTPResponse {
        let form = try FormBody(call.request.body)
        do {
            let scope = form.value("scope") ?? AccessScope.submit.rawValue
            guard let known = AccessScope(rawValue: scope) else {
                throw HTTPRefusal(
                    status: 400, message: "`\(OneLine.text(scope, bytesMax: 64))` is no scope")
            }
            let days = try form.value("days").map { text in
                guard let days = Int(text) else {
                    throw HTTPRefusal(status: 400, message: "`days`: expected a whole number")
                }
                return days
            }
            let made = try await entrance.makeToken(
                TokenRequest(scope: known, name: form.value("name"), days: days),
                for: call.visitor)
            return PageAnswer.html(try await page(for: call.visitor, new: made.token))
        } catch let refusal as HTTPRefusal {
            return PageAnswer.html(
                try await page(for: call.visitor, problem: refusal.message),
                status: refusal.status)
        } catch let refusal as ErrorDocument {
            let page = try await page(for: call.visitor, problem: refusal.message)
            return PageAnswer.html(page, status: refusal.code == .forbidden ? 403 : 409)
        }
    }

    private func page(
        for visitor: Visitor, new: String? = nil, problem: String? = nil
    ) async throws -> Markup {
        var rows: [TokensPage.Row] = []
        for token in try await tokens(of: visitor) {
            rows.append(
                TokensPage.Row(
                    id: token.id, user: await entrance.name(of: token.user), scope: token.scope,
                    name: token.name, made: Self.day(token.madeAtMilliseconds),
                    expires: Self.day(token.expiresAtMilliseconds),
                    used: token.usedAtMilliseconds.map(Self.day) ?? ""))
        }
        let scopeMax = visitor.token == nil ? visitor.scope : nil
        return TokensPage(
            frame: PageAnswer.frame(visitor), rows: rows, scopeMax: scopeMax, new: new,
            problem: problem
        ).markup
    }

    private static func day(_ milliseconds: Int) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(
            .iso8601.year().month().day())
    }
}
