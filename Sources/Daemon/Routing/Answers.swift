// Documents and errors as answers.

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
        let document =
            switch error {
            case let error as ErrorDocument: error
            case let error as ManifestError:
                ErrorDocument(code: .manifest, message: error.description, manifestError: error)
            default: ErrorDocument(code: .unavailable, message: FaultText.describe(error))
            }
        let status =
            switch document.code {
            case .manifest: 422
            case .notFound: 404
            case .forbidden: 403
            case .refused: 409
            case .tooLarge: 413
            case .unavailable: 503
            }
        return json(document, status: status)
    }

    /// A request that the server itself did not take.
    static func refusal(_ refusal: HTTPRefusal) -> HTTPResponse {
        let code: ErrorDocument.Code =
            switch refusal.status {
            case 413, 414, 431: .tooLarge
            case 503: .unavailable
            default: .refused
            }
        return json(
            ErrorDocument(code: code, message: refusal.message), status: refusal.status)
    }
}
