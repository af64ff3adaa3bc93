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
        let document =
            switch error {
            case let error as ErrorDocument: error
            case let error as OtherMethods: error.document
            case let error as ManifestError:
                ErrorDocument(code: .manifest, message: error.description, manifestError: error)
            case let error as HTTPRefusal:
                ErrorDocument(code: code(ofStatus: error.status), message: error.message)
            default: ErrorDocument(code: .unavailable, message: FaultText.describe(error))
            }
        let page = html(
            ErrorPage(document).render(frame(visitor)), status: HTTPResponse.failure(error).status)
        return (error as? OtherMethods).map { page.adding([$0.allow]) } ?? page
    }

    private static func code(ofStatus status: Int) -> ErrorDocument.Code {
        switch status {
        case 401: .unknownCaller
        case 403, 421: .forbidden
        case 404: .notFound
        case 413, 414, 431: .tooLarge
        case 503: .unavailable
        default: .refused
        }
    }
}
