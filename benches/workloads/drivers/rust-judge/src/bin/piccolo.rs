//! piccolo: runs a script in Lua for argument 1.

use piccolo::{Closure, Executor, Lua};
use programs::number;

const SCRIPT: &str = r#"
    local n = size
    local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
    local sieve, primes = {}, 0
    for i = 2, n * 10 do
        if not sieve[i] then
            primes = primes + 1
            for j = i * i, n * 10, i do sieve[j] = true end
        end
    end
    local Point = {}
    Point.__index = Point
    function Point.new(x, y) return setmetatable({ x = x, y = y }, Point) end
    function Point:moved(by) return Point.new(self.x + by, self.y - by * 0.5) end
    local point = Point.new(0, 0)
    for i = 1, n do point = point:moved(i % 7) end
    local list = {}
    for i = 1, n // 4 do list[i] = i * 7919 % 10007 end
    for i = 2, #list do
        local x, j = list[i], i - 1
        while j > 0 and list[j] > x and i - j < 20 do list[j + 1] = list[j]; j = j - 1 end
        list[j + 1] = x
    end
    local text = ""
    for i = 1, 100 do text = text .. i end
    return fib(16) * 1000000 + primes + point.x + list[10] + #text
"#;

fn main() {
    let mut lua = Lua::core();
    let executor = lua
        .try_enter(|context| {
            context.set_global("size", number(1) as i64)?;
            let closure = Closure::load(context, Some("script"), SCRIPT.as_bytes())?;
            Ok(context.stash(Executor::start(context, closure.into(), ())))
        })
        .expect("it is valid");
    println!("{}", lua.execute::<i64>(&executor).expect("it runs"));
}
