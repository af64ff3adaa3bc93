// Pages as answers.

import Failures
import HTTP
import Jobs
import Pages
import Report

enum PageAnswer {
    static func frame(_ visitor: Visitor) -> Frame {
        Frame(
            basePath: visitor.basePath, visitorName: visitor.name, formToken: visitor.formToken,
            maySubmit: visitor.scope >= .submit,
            isAdmin: visitor.scope >= .admin && visitor.caller.isAdmin,
            hasSession: visitor.hasSession)
    }

    static func html(_ page: Markup, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status, type: "text/html; charset=utf-8", .bytes(Array(page.text.utf8)))
    }

    /// An error as a page, with the words that programs get.
    static func failure(_ error: any Error, _ visitor: Visitor) -> HTTPResponse {
        let page = html(
            ErrorPage(ErrorDocument(of: error)).render(frame(visitor)),
            status: HTTPResponse.failure(error).status)
        return (error as? OtherMethods).map { page.adding([$0.allow]) } ?? page
    }
}
