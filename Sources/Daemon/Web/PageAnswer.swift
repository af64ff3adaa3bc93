// Pages as answers.

import HTTP
import Pages
import Report

enum PageAnswer {
    static func frame(_ visitor: Visitor) -> Frame {
        Frame(
            basePath: visitor.basePath, visitorName: visitor.name, formToken: visitor.formToken,
            maySubmit: visitor.scope >= .submit,
            isAdmin: visitor.scope >= .admin && visitor.caller.isAdmin, hasSession: false)
    }

    static func html(_ page: Markup, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status, type: "text/html; charset=utf-8", .bytes(Array(page.text.utf8)))
    }

    /// After a change: another page, which can be loaded again without changing anything.
    static func seeOther(_ address: String) -> HTTPResponse {
        HTTPResponse(
            status: 303, type: "text/plain; charset=utf-8", headers: [("Location", address)],
            .bytes([]))
    }
}
