// The inbox lies where no file can be moved out of it in one step.

package import Failures
package import SystemPackage

package struct InboxElsewhere: ClassifiedFailure, Equatable, CustomStringConvertible {
    package let inbox: FilePath
    package let state: FilePath

    package var failureClass: FailureClass { .user }

    package var description: String {
        "the inbox `\(inbox)` lies on another mount than the state folder `\(state)`, and between "
            + "mounts no file moves in one step (a bind mount counts, even of the same disk): use "
            + "a folder below the state folder, and let people reach that one by a symbolic link, "
            + "or mount both as one"
    }
}
