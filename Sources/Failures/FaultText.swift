// An error in words for people, whoever threw it: no name of a Swift type, no dump of its fields.

import Foundation

package enum FaultText {
    package static func describe(_ error: any Error) -> String {
        if let error = error as? DecodingError { return decoding(error) }
        if error is EncodingError { return "a value cannot be written as JSON" }
        if let error = error as? POSIXError { return POSIXErrorText.words(error.code.rawValue) }
        if let error = error as? CocoaError { return cocoa(error) }
        if type(of: error) is NSError.Type { return error.localizedDescription }
        // The type is asked, since every error itself can be cast by way of NSError.
        if type(of: error) is any CustomStringConvertible.Type { return String(describing: error) }
        return "a fault that has no words yet; please report what you did"
    }

    private static func decoding(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            "the key `\(key.stringValue)` is missing" + place(context)
        case .typeMismatch(_, let context): "a value has the wrong type" + place(context)
        case .valueNotFound(_, let context): "a value is missing" + place(context)
        case .dataCorrupted(let context):
            context.codingPath.isEmpty ? "it is not JSON" : "a value is not known" + place(context)
        @unknown default: "it cannot be read"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { key in
            key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)"
        }.joined()
        return path.isEmpty ? "" : " at `\(path.drop { $0 == "." })`"
    }

    private static func cocoa(_ error: CocoaError) -> String {
        let path = error.filePath.map { "`\($0)`: " } ?? ""
        if let cause = error.underlying as? POSIXError {
            return path + POSIXErrorText.words(cause.code.rawValue)
        }
        return path + error.localizedDescription
    }
}

/// What the system says of an errno.
package enum POSIXErrorText {
    package static func words(_ code: CInt) -> String {
        unsafe String(cString: strerror(code))
    }
}
