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

    /// An error as a page, with the words that programs get, and what a form had.
    static func failure(
        _ error: any Error, _ visitor: Visitor, _ typed: TypedText?
    ) -> HTTPResponse {
        if error is LoginNeeded, let typed {
            let page = LoginPage(
                frame: frame(visitor), next: typed.page,
                problem: "You are not logged in, or no longer: nothing was sent. Copy what you "
                    + "typed before you log in.", typed: typed)
            return html(page.markup, status: 401).adding([LoginNeeded.challenge])
        }
        let page = html(
            ErrorPage(ErrorDocument(of: error), typed: typed, isOfOldForm: error is StaleForm)
                .render(frame(visitor)),
            status: HTTPResponse.failure(error).status)
        return (error as? OtherMethods).map { page.adding([$0.allow]) } ?? page
    }
}
