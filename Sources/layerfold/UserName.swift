// User numbers as names, as this machine has them for whoever asks: the daemon knows numbers only.

import Foundation
import Glibc

enum UserName {
    /// The name; the number where it has none.
    static func of(_ user: Int) -> String { known(user) ?? "\(user)" }

    /// The name, where the number has one.
    static func known(_ user: Int) -> String? {
        guard let number = uid_t(exactly: user), let entry = unsafe getpwuid(number) else {
            return nil
        }
        return unsafe String(cString: entry.pointee.pw_name)
    }

    /// The number of a name, or of a number.
    /// - Throws: where nobody is called that.
    static func number(_ name: String) throws -> Int {
        if let entry = unsafe getpwnam(name) { return Int(unsafe entry.pointee.pw_uid) }
        guard let number = Int(name), number >= 0 else {
            throw Failure(.notFound, "there is no user `\(name)` on this machine")
        }
        return number
    }

    static var own: Int { Int(geteuid()) }
}
