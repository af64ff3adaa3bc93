// Whose a state folder is: verbs that write to one of somebody else's are refused, root's as well,
// because their files would belong to the wrong user, and stop the daemon whose folder it is.

import DurableIO
import Foundation
import SystemPackage

enum StateOwner {
    /// What has an owner in a state folder, the folder itself first: what is behind a folder of
    /// somebody else's may not even be looked at.
    private static let parts = [".", "store", "db", "db/index.sqlite", "store/act", "store/obj"]

    /// Refuses where the folder, or a part of it, belongs to another user than this process acts
    /// as. A folder that is not there is nobody's yet.
    /// - Throws: `Failure`, `SystemCallError`.
    static func expectOwn(_ state: FilePath) throws {
        for part in parts {
            let path = FilePath("\(state.string)/\(part)")
            guard let owner = try Syscalls.stat(path)?.owner else { continue }
            let place = part == "." ? state : path
            guard owner == geteuid() else {
                throw Failure(.refused, refusal(place, owner: name(owner)))
            }
        }
    }

    static func refusal(_ path: FilePath, owner: String) -> String {
        "`\(path)` belongs to \(owner): what this verb writes there would belong to "
            + "\(name(geteuid())), and stop a daemon that works on it; nothing was changed. Act as "
            + "its user (`sudo -u \(owner) layerfold …`, or as root `runuser -u \(owner) -- "
            + "layerfold …`), or name another --state"
    }

    /// The name of a user, or the number in the spelling of sudo.
    private static func name(_ user: UInt32) -> String {
        UserName.known(Int(user)) ?? "#\(user)"
    }
}
