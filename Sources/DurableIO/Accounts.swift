// Whom the system knows by a number, and which groups that person is in.

package import Failures
import Glibc
package import SystemPackage

@_silgen_name("getgrouplist")
private func linuxGroupList(
    _ name: UnsafePointer<CChar>?, _ group: UInt32, _ groups: UnsafeMutablePointer<UInt32>?,
    _ count: UnsafeMutablePointer<CInt>
) -> CInt

package enum Accounts {
    /// What a directory service may need for one answer.
    private static let recordBytes = 65_536
    /// The kernel gives nobody more (NGROUPS_MAX).
    private static let groupsMax = 65_536

    /// The list of users gives no answer now. Whom it would name is not known: not nobody.
    package struct Unavailable: ClassifiedFailure, Equatable, CustomStringConvertible {
        /// Whom the question was about, such as `user 1001`.
        package let asked: String
        package let errno: Errno

        package init(asked: String, errno: Errno) {
            self.asked = asked
            self.errno = errno
        }

        package var failureClass: FailureClass { .transient }
        package var description: String {
            "the system's list of users gives no answer about \(asked) (\(errno)): look whether "
                + "its directory service answers (`getent passwd`)"
        }
    }

    /// Whether an errno of these functions says that there is no such user (getpwnam(3)), where
    /// others say that nobody could be asked.
    package static func meansNobody(_ code: CInt) -> Bool {
        [0, ENOENT, ESRCH, EBADF, EPERM].contains(code)
    }

    /// A user with all groups, as the system's list has them now; of a number that it does not
    /// know, nobody's groups. Of this process's own user also those that it was started with.
    ///
    /// May ask a directory service, and wait for it. The C functions are `getpwuid_r`,
    /// `getgrouplist` and `getgroups`. The second has no word for a service that does not answer:
    /// groups may be missing where the first alone had one.
    package static func reader(_ user: UInt32) throws(Unavailable) -> FileReader {
        var groups = try listed(user)
        if user == geteuid() { groups.formUnion(own()) }
        return FileReader(user: user, groups: groups)
    }

    /// The number of a user, or nil where nobody is called that.
    ///
    /// May ask a directory service, and wait for it. The C function is `getpwnam_r`.
    package static func number(named name: String) throws(Unavailable) -> UInt32? {
        guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
        return try unsafe record("user `\(OneLine.text(name, bytesMax: 200))`") {
            unsafe getpwnam_r(name, $0, $1, $2, $3)
        } _: {
            unsafe $0.pw_uid
        }
    }

    /// The name of a user, or nil where the system has none.
    ///
    /// May ask a directory service, and wait for it. The C function is `getpwuid_r`.
    package static func name(of user: UInt32) throws(Unavailable) -> String? {
        try unsafe record("user \(user)") {
            unsafe getpwuid_r(user, $0, $1, $2, $3)
        } _: {
            unsafe $0.pw_name.map { unsafe String(cString: $0) }
        } ?? nil
    }

    /// Asks for a record, whose texts live as long as `body`.
    private static func record<Value>(
        _ asked: String,
        _ ask: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> CInt, _ body: (passwd) -> Value
    ) throws(Unavailable) -> Value? {
        var record = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: recordBytes)
        let (code, value) = unsafe buffer.withUnsafeMutableBufferPointer {
            buffer -> (CInt, Value?) in
            guard let start = buffer.baseAddress else { return (0, nil) }
            let code = unsafe ask(&record, start, buffer.count, &found)
            guard code == 0, unsafe found != nil else { return (code, nil) }
            return (0, unsafe body(record))
        }
        guard meansNobody(code) else {
            throw Unavailable(asked: asked, errno: Errno(rawValue: code))
        }
        return value
    }

    private static func listed(_ user: UInt32) throws(Unavailable) -> Set<UInt32> {
        let groups = try unsafe record("user \(user)") {
            unsafe getpwuid_r(user, $0, $1, $2, $3)
        } _: { record in
            var count: CInt = 64
            var groups = [UInt32](repeating: 0, count: Int(count))
            while unsafe linuxGroupList(record.pw_name, record.pw_gid, &groups, &count) < 0,
                groups.count < groupsMax
            {
                groups = .init(repeating: 0, count: max(Int(count), 2 * groups.count))
                count = CInt(groups.count)
            }
            return Set(groups.prefix(max(0, Int(count))))
        }
        return groups ?? []
    }

    private static func own() -> Set<UInt32> {
        var groups = [UInt32](repeating: 0, count: groupsMax)
        let count = unsafe getgroups(CInt(groups.count), &groups)
        return Set(groups.prefix(max(0, Int(count)))).union([getegid()])
    }
}
