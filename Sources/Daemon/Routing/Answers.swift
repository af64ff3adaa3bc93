// Documents and errors as answers, and the headers that all of them have.

import Failures
import HTTP
import Jobs

extension HTTPResponse {
    static func json(_ document: some Encodable, status: Int = 200) -> HTTPResponse {
        do {
            return .json(bytes: Array(try JobJSON.encode(document)), status: status)
        } catch {
            return HTTPResponse(status: 500, type: "text/plain", .bytes([]))
        }
    }

    static func json(bytes: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, type: "application/json", .bytes(bytes))
    }

    /// An error in its document.
    static func failure(_ error: any Error) -> HTTPResponse {
        if let error = error as? HTTPRefusal { return refusal(error) }
        if let error = error as? LoginNeeded { return error.answer }
        if let error = error as? OtherMethods {
            return json(error.document, status: 405).adding([error.allow])
        }
        let document = ErrorDocument(of: error)
        let status =
            switch document.code {
            case .manifest: 422
            case .notFound: 404
            case .forbidden: 403
            case .unknownCaller: 401
            case .refused: 409
            case .tooLarge: 413
            case .unavailable: 503
            }
        return json(document, status: status)
    }

    /// A request that the server itself did not take.
    static func refusal(_ refusal: HTTPRefusal) -> HTTPResponse {
        let answer = json(ErrorDocument(of: refusal), status: refusal.status)
        switch refusal.status {
        case 401: return answer.adding([LoginNeeded.challenge])
        case 429: return answer.adding([("Retry-After", "60")])
        default: return answer
        }
    }
}

extension ErrorDocument {
    /// What programs and pages are told of an error.
    init(of error: any Error) {
        switch error {
        case let error as ErrorDocument: self = error
        case let error as OtherMethods: self = error.document
        case let error as ManifestError:
            self.init(code: .manifest, message: error.description, manifestError: error)
        case let error as HTTPRefusal:
            self.init(code: Self.code(ofStatus: error.status), message: error.message)
        case let error as StaleForm:
            self.init(code: .forbidden, message: error.description)
        default: self.init(code: .unavailable, message: FaultText.describe(error))
        }
    }

    private static func code(ofStatus status: Int) -> Code {
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

/// Nobody knows who asks. A browser that wants a page is led to the login.
struct LoginNeeded: ClassifiedFailure, CustomStringConvertible {
    static let challenge = (name: "WWW-Authenticate", value: "Bearer realm=\"layerfold\"")

    /// Where the login leads to; nil for programs.
    let login: String?

    var failureClass: FailureClass { .user }
    var description: String {
        "the server does not know who you are: send `Authorization: Bearer TOKEN`; on the server, "
            + "`layerfold token new` makes one"
    }

    fileprivate var answer: HTTPResponse {
        if let login { return .redirect(to: login) }
        return .refusal(HTTPRefusal(status: 401, message: description))
    }
}

/// A form of a page that was shown before a restart, or to another session.
struct StaleForm: ClassifiedFailure, CustomStringConvertible {
    /// Who sent it: she is known, what she was shown is not.
    let visitor: Visitor

    var failureClass: FailureClass { .user }
    var description: String {
        "this form is not of a page that you have now: the server was started again since, or you "
            + "logged in again"
    }
}

/// What every answer says to browsers, unless its route says something else.
enum AnswerHeaders {
    /// Nothing but our own files, forms to nobody else, in nobody's frame.
    static let policy = [
        "default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self' data:",
        "connect-src 'self'", "form-action 'self'", "frame-src 'self'", "frame-ancestors 'none'",
        "base-uri 'none'",
    ].joined(separator: "; ")

    static let all: [(name: String, value: String)] = [
        ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
}
