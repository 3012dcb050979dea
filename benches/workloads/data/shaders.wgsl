// Shaders to compile: a scene lit by a sun with shadows and by lamps, particles that fall, and a bloom.

struct Camera {
    view: mat4x4<f32>,
    projection: mat4x4<f32>,
    position: vec3<f32>,
    time: f32,
}

struct Lamp {
    position: vec3<f32>,
    reach: f32,
    colour: vec3<f32>,
    strength: f32,
}

struct Lamps {
    count: u32,
    lamps: array<Lamp>,
}

struct Material {
    base: vec4<f32>,
    roughness: f32,
    metallic: f32,
    glow: vec2<f32>,
}

struct Particle {
    position: vec4<f32>,
    velocity: vec4<f32>,
}

struct Weather {
    gravity: vec3<f32>,
    step: f32,
    wind: vec3<f32>,
    seed: u32,
}

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> lamps: Lamps;
@group(0) @binding(2) var shadows: texture_depth_2d;
@group(0) @binding(3) var compare: sampler_comparison;
@group(1) @binding(0) var<uniform> material: Material;
@group(1) @binding(1) var albedo: texture_2d<f32>;
@group(1) @binding(2) var normals: texture_2d<f32>;
@group(1) @binding(3) var smooth_sampler: sampler;
@group(2) @binding(0) var<storage, read_write> particles: array<Particle>;
@group(2) @binding(1) var<uniform> weather: Weather;
@group(2) @binding(2) var<storage, read_write> landed: atomic<u32>;
@group(3) @binding(0) var picture: texture_2d<f32>;
@group(3) @binding(1) var result: texture_storage_2d<rgba8unorm, write>;

var<workgroup> tile: array<vec4<f32>, 324>;

struct Vertex {
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) tangent: vec4<f32>,
    @location(3) uv: vec2<f32>,
}

struct Varying {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) tangent: vec3<f32>,
    @location(3) bitangent: vec3<f32>,
    @location(4) uv: vec2<f32>,
    @location(5) sun: vec4<f32>,
}

const PI: f32 = 3.14159265;
const SUN: vec3<f32> = vec3<f32>(0.3, 0.9, 0.2);

@vertex
fn scene_vertex(vertex: Vertex, @builtin(instance_index) instance: u32) -> Varying {
    var out: Varying;
    let row = f32(instance % 16u);
    let column = f32(instance / 16u);
    let sway = sin(camera.time * 0.7 + row) * 0.05 * vertex.position.y;
    let world = vertex.position + vec3<f32>(row * 2.0 + sway, 0.0, column * 2.0);
    out.world = world;
    out.clip = camera.projection * camera.view * vec4<f32>(world, 1.0);
    out.normal = normalize(vertex.normal);
    out.tangent = normalize(vertex.tangent.xyz);
    out.bitangent = cross(out.normal, out.tangent) * vertex.tangent.w;
    out.uv = vertex.uv;
    out.sun = vec4<f32>(dot(world, vec3<f32>(1.0, 0.0, 0.2)), dot(world, vec3<f32>(0.0, 1.0, 0.1)), world.z * 0.01, 1.0);
    return out;
}

fn distribution(normal_half: f32, roughness: f32) -> f32 {
    let a = roughness * roughness;
    let a2 = a * a;
    let d = normal_half * normal_half * (a2 - 1.0) + 1.0;
    return a2 / max(PI * d * d, 0.0001);
}

fn geometry(normal_view: f32, normal_light: f32, roughness: f32) -> f32 {
    let r = roughness + 1.0;
    let k = r * r / 8.0;
    return (normal_view / (normal_view * (1.0 - k) + k)) * (normal_light / (normal_light * (1.0 - k) + k));
}

fn fresnel(cosine: f32, f0: vec3<f32>) -> vec3<f32> {
    return f0 + (vec3<f32>(1.0) - f0) * pow(clamp(1.0 - cosine, 0.0, 1.0), 5.0);
}

fn shade(normal: vec3<f32>, view: vec3<f32>, light: vec3<f32>, base: vec3<f32>, rough: f32) -> vec3<f32> {
    let half_way = normalize(view + light);
    let nv = max(dot(normal, view), 0.001);
    let nl = max(dot(normal, light), 0.0);
    let nh = max(dot(normal, half_way), 0.0);
    let f0 = mix(vec3<f32>(0.04), base, material.metallic);
    let f = fresnel(max(dot(half_way, view), 0.0), f0);
    let specular = distribution(nh, rough) * geometry(nv, nl, rough) * f / (4.0 * nv * nl + 0.0001);
    let diffuse = (vec3<f32>(1.0) - f) * (1.0 - material.metallic) * base / PI;
    return (diffuse + specular) * nl;
}

fn shadow(at: vec4<f32>) -> f32 {
    let place = at.xyz / at.w;
    let uv = place.xy * vec2<f32>(0.5, -0.5) + 0.5;
    var lit = 0.0;
    for (var y = -1; y <= 1; y += 1) {
        for (var x = -1; x <= 1; x += 1) {
            let offset = vec2<f32>(f32(x), f32(y)) / 2048.0;
            lit += textureSampleCompareLevel(shadows, compare, uv + offset, place.z - 0.002);
        }
    }
    return lit / 9.0;
}

@fragment
fn scene_fragment(in: Varying, @builtin(front_facing) front: bool) -> @location(0) vec4<f32> {
    let sampled = textureSample(albedo, smooth_sampler, in.uv) * material.base;
    if sampled.a < 0.05 {
        discard;
    }
    let bump = textureSample(normals, smooth_sampler, in.uv).xyz * 2.0 - 1.0;
    var normal = normalize(mat3x3<f32>(in.tangent, in.bitangent, in.normal) * bump);
    normal = select(-normal, normal, front);
    let view = normalize(camera.position - in.world);
    var light = shade(normal, view, normalize(SUN), sampled.rgb, material.roughness) * shadow(in.sun) * 3.0;
    for (var index = 0u; index < min(lamps.count, arrayLength(&lamps.lamps)); index++) {
        let lamp = lamps.lamps[index];
        let towards = lamp.position - in.world;
        let distance = length(towards);
        if distance > lamp.reach {
            continue;
        }
        let fade = 1.0 - smoothstep(0.0, lamp.reach, distance);
        light += shade(normal, view, towards / distance, sampled.rgb, material.roughness) * lamp.colour * lamp.strength * fade;
    }
    light += sampled.rgb * material.glow.x + vec3<f32>(material.glow.y);
    return vec4<f32>(light / (light + vec3<f32>(1.0)), sampled.a);
}

fn scramble(seed: u32) -> u32 {
    var x = seed * 747796405u + 2891336453u;
    x = ((x >> ((x >> 28u) + 4u)) ^ x) * 277803737u;
    return (x >> 22u) ^ x;
}

fn uniform01(seed: ptr<function, u32>) -> f32 {
    *seed = scramble(*seed);
    return f32(*seed & 0xffffffu) / 16777216.0;
}

@compute @workgroup_size(64)
fn fall(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= arrayLength(&particles) {
        return;
    }
    var particle = particles[id.x];
    var seed = weather.seed ^ (id.x * 9781u);
    let drag = particle.velocity.xyz * length(particle.velocity.xyz) * 0.02;
    let force = weather.gravity + weather.wind * uniform01(&seed) - drag;
    particle.velocity += vec4<f32>(force * weather.step, 0.0);
    particle.position += particle.velocity * weather.step;
    switch i32(particle.position.w) {
        case 0: {
            particle.position.x = fract(particle.position.x);
        }
        case 1, 2: {
            particle.position.z = abs(particle.position.z) % 4.0;
        }
        default: {
            particle.position.w = 0.0;
        }
    }
    if particle.position.y < 0.0 {
        atomicAdd(&landed, 1u);
        particle.position = vec4<f32>(uniform01(&seed), 10.0, uniform01(&seed), particle.position.w + 1.0);
        particle.velocity = vec4<f32>(0.0);
    }
    particles[id.x] = particle;
}

@compute @workgroup_size(16, 16)
fn bloom(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32,
         @builtin(workgroup_id) group: vec3<u32>) {
    let size = vec2<i32>(textureDimensions(picture));
    let corner = vec2<i32>(group.xy) * 16 - 1;
    for (var index = local; index < 324u; index += 256u) {
        let at = clamp(corner + vec2<i32>(i32(index % 18u), i32(index / 18u)), vec2<i32>(0), size - 1);
        let colour = textureLoad(picture, at, 0);
        let bright = max(dot(colour.rgb, vec3<f32>(0.2126, 0.7152, 0.0722)) - 0.8, 0.0);
        tile[index] = colour * bright;
    }
    workgroupBarrier();
    let x = local % 16u;
    let y = local / 16u;
    var sum = vec4<f32>(0.0);
    var weights = array<f32, 3>(0.25, 0.5, 0.25);
    for (var dy = 0u; dy < 3u; dy++) {
        for (var dx = 0u; dx < 3u; dx++) {
            sum += tile[(y + dy) * 18u + x + dx] * weights[dx] * weights[dy];
        }
    }
    if all(vec2<i32>(id.xy) < size) {
        textureStore(result, vec2<i32>(id.xy), sum + textureLoad(picture, vec2<i32>(id.xy), 0));
    }
}
