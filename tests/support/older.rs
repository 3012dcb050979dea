//! Handlers of the older instructions (`try`, `catch`, `rethrow`), which hold an exception where the specification has no place for it.

/// A function that asks twice, each time with an exception in a handler or on its way to one. It uses functions and tags of whoever includes it, `$ask`
/// and `$tag`, and throws `$tag` again in the end.
pub(crate) const DEEP: &str = r#"
(func $deep (result i32) (local i32)
    i32.const 5
    try (result i32)
        call $ask
        throw $tag
    catch $tag
        local.set 0
        i32.const 100
        try (result i32)
            i32.const 20
            throw $tag
        catch_all
            call $ask
            drop
            rethrow 1
        end
        i32.add
    end
    i32.add)"#;
